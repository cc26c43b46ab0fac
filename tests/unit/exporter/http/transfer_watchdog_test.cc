#include "exporter/http/transfer_watchdog.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "tests/support/http_test_server.h"

namespace tocsin::http {
namespace {

using Direction = TransferWatchdog::Direction;

// Both ends of a connection over loopback.
class ConnectedPair {
 public:
  ConnectedPair()
      : listener_(testing::LoopbackSocket::Mode::kListening),
        client_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(listener_.port());
    socklen_t size = sizeof address;
    CHECK(connect(client_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(getsockname(client_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    peer_ = {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
    server_ = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    CHECK(server_ >= 0);
  }
  ~ConnectedPair() {
    close(server_);
    close(client_);
  }
  ConnectedPair(const ConnectedPair&) = delete;
  ConnectedPair& operator=(const ConnectedPair&) = delete;

  int server() const { return server_; }
  int client() const { return client_; }
  Endpoint peer() const { return peer_; }
  std::uint16_t port() const { return listener_.port(); }

 private:
  testing::LoopbackSocket listener_;
  int client_;
  int server_ = -1;
  Endpoint peer_;
};

TEST(TransferWatchdog, EndsAReadThatTakesTooLong) {
  const ConnectedPair pair;
  TransferWatchdog watchdog(Duration(5));
  TransferWatchdog::Lane& lane = watchdog.AddLane();
  watchdog.Start(pair.port());

  lane.Begin(Direction::kReading, pair.peer(), Duration(20));
  char byte = 0;
  EXPECT_EQ(recv(pair.server(), &byte, 1, 0), 0);  // would wait for ever
  EXPECT_FALSE(lane.End());
  // The answer can still be sent.
  EXPECT_EQ(send(pair.server(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(recv(pair.client(), &byte, 1, 0), 1);
}

TEST(TransferWatchdog, EndsAWriteThatTakesTooLong) {
  const ConnectedPair pair;
  TransferWatchdog watchdog(Duration(5));
  TransferWatchdog::Lane& lane = watchdog.AddLane();
  watchdog.Start(pair.port());

  lane.Begin(Direction::kWriting, pair.peer(), Duration(20));
  const std::vector<char> much(64 << 20);
  // The other end reads nothing: the call comes back only because the connection is cut.
  EXPECT_LT(send(pair.server(), much.data(), much.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(much.size()));
  EXPECT_FALSE(lane.End());
}

TEST(TransferWatchdog, LeavesPunctualAndFinishedTransfersAlone) {
  const ConnectedPair late;
  const ConnectedPair punctual;
  TransferWatchdog watchdog(Duration(5));
  TransferWatchdog::Lane& finished = watchdog.AddLane();
  TransferWatchdog::Lane& busy = watchdog.AddLane();
  TransferWatchdog::Lane& slow = watchdog.AddLane();
  finished.Begin(Direction::kReading, late.peer(), Duration(0));
  EXPECT_TRUE(finished.End());
  busy.Begin(Direction::kReading, punctual.peer(), std::chrono::hours(1));
  watchdog.Start(late.port());

  // Once the slow one is cut, the others have been looked at.
  slow.Begin(Direction::kReading, late.peer(), Duration(20));
  char byte = 0;
  EXPECT_EQ(recv(late.server(), &byte, 1, 0), 0);
  EXPECT_FALSE(slow.End());
  EXPECT_TRUE(busy.End());
  EXPECT_EQ(send(punctual.client(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(recv(punctual.server(), &byte, 1, 0), 1);
}

}  // namespace
}  // namespace tocsin::http
