#include "exporter/http/stream_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/unit/exporter/http/web_socket_client.h"

namespace tocsin::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Seen {
  StreamWriter* writer = nullptr;
  std::vector<std::string> received;
  int drained = 0;
  int closed = 0;
};

class RecordingStream final : public Stream {
 public:
  explicit RecordingStream(Seen& seen) : seen_(seen) {}
  void Opened(StreamWriter& writer) override { seen_.writer = &writer; }
  void Received(std::string_view text) override { seen_.received.emplace_back(text); }
  void Drained() override { ++seen_.drained; }
  void Closed() override { ++seen_.closed; }

 private:
  Seen& seen_;
};

// One end of a pair of sockets is the connection's, the other the client's.
class StreamConnections : public ::testing::Test {
 protected:
  ~StreamConnections() override { close(client_); }

  void Open(StreamKind kind) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    client_ = ends[1];
    connection_ = std::make_unique<StreamConnection>(
        ends[0], kind, "HEAD", std::make_unique<RecordingStream>(seen_), limits_, clock_);
    connection_->Open();
  }
  void OpenWebSocket() {
    Open(StreamKind::kWebSocket);
    connection_->WriteSome();
    ASSERT_EQ(Taken(), "HEAD");
    seen_.drained = 0;
  }
  void Say(const std::string& bytes) {
    ASSERT_EQ(send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    connection_->ReadSome();
  }
  void Send(std::string text, StreamWriter::Weight weight = StreamWriter::Weight::kCounted) {
    seen_.writer->Send(std::make_shared<const std::string>(std::move(text)), weight);
  }
  // What the client can read now.
  std::string Taken() const {
    std::string bytes(1 << 20, '\0');
    const ssize_t n = recv(client_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return bytes;
  }
  // Written until the client has everything.
  std::string TakeAll() {
    std::string all;
    std::string some;
    do {
      connection_->WriteSome();
      some = Taken();
      all += some;
    } while (!some.empty());
    return all;
  }
  std::vector<std::string> TakeFrames() {
    std::string bytes = TakeAll();
    std::vector<std::string> frames;
    while (std::optional<ServerFrame> frame = TakeServerFrame(&bytes)) {
      frames.push_back((frame->first == 0x81   ? "text:"
                        : frame->first == 0x8A ? "pong:"
                        : frame->first == 0x89 ? "ping:"
                                               : "close:") +
                       frame->payload);
    }
    EXPECT_THAT(bytes, IsEmpty());
    return frames;
  }
  bool ClientSeesTheEnd() const {
    char byte = 0;
    return recv(client_, &byte, 1, MSG_DONTWAIT) == 0;
  }

  StreamLimits limits_;
  testing::FakeClock clock_;
  Seen seen_;
  int client_ = -1;
  std::unique_ptr<StreamConnection> connection_;
};

TEST_F(StreamConnections, SendsTheHeadAndThenMessagesInTheirOrder) {
  Open(StreamKind::kWebSocket);
  Send("one");
  Send("two");
  connection_->WriteSome();
  EXPECT_EQ(Taken(), "HEAD\x81\x03one\x81\x03two");
  EXPECT_EQ(connection_->waiting_bytes(), 0U);
  EXPECT_EQ(connection_->TakeSentCount(), 2U);
  EXPECT_EQ(seen_.drained, 1);
}

TEST_F(StreamConnections, SendsEventsAsTheyAre) {
  Open(StreamKind::kServerSentEvents);
  Send("data: 1\n\n");
  connection_->WriteSome();
  EXPECT_EQ(Taken(), "HEADdata: 1\n\n");
}

TEST_F(StreamConnections, HandsWholeMessagesOnAndAnswersPings) {
  OpenWebSocket();
  Say(ClientFrame(0x01, "hel"));
  EXPECT_THAT(seen_.received, IsEmpty());
  Say(ClientFrame(0x80, "lo") + ClientFrame(0x89, "now"));
  EXPECT_THAT(seen_.received, ElementsAre("hello"));
  EXPECT_THAT(TakeFrames(), ElementsAre("pong:now"));
}

TEST_F(StreamConnections, AnswersACloseWithItsCodeAndEnds) {
  OpenWebSocket();
  Say(ClientFrame(0x88, std::string("\x03\xe8", 2) + "bye"));
  EXPECT_THAT(TakeFrames(), ElementsAre(std::string("close:\x03\xe8")));
  EXPECT_TRUE(ClientSeesTheEnd());
  EXPECT_FALSE(connection_->done());  // until the client closes, too
  shutdown(client_, SHUT_WR);
  connection_->ReadSome();
  EXPECT_TRUE(connection_->done());
  EXPECT_EQ(connection_->drop(), StreamDrop::kNone);
  connection_.reset();
  EXPECT_EQ(seen_.closed, 1);
}

TEST_F(StreamConnections, WhatComesBehindACloseIsNotRead) {
  OpenWebSocket();
  Say(ClientFrame(0x88, "") + ClientFrame(0x81, "one more thing") + ClientFrame(0x89, "?") +
      ClientFrame(0x88, ""));
  Say(ClientFrame(0x81, "and another"));
  EXPECT_THAT(seen_.received, IsEmpty());
  EXPECT_THAT(TakeFrames(), ElementsAre("close:"));
}

TEST_F(StreamConnections, WhatComesBehindAFaultIsNotRead) {
  OpenWebSocket();
  Say(ClientFrame(0x82, "x") + ClientFrame(0x81, "now text"));
  Say(ClientFrame(0x81, "and more"));
  EXPECT_THAT(seen_.received, IsEmpty());
  EXPECT_THAT(TakeFrames(), ElementsAre(StartsWith("close:\x03\xeb")));
}

TEST_F(StreamConnections, AClientThatSendsItsLastAndLeavesIsStillHeard) {
  OpenWebSocket();
  const std::string last = ClientFrame(0x81, "resolve it");
  ASSERT_EQ(send(client_, last.data(), last.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(last.size()));
  shutdown(client_, SHUT_WR);
  connection_->ReadSome();
  connection_->ReadSome();
  EXPECT_THAT(seen_.received, ElementsAre("resolve it"));
  EXPECT_TRUE(connection_->done());
}

TEST_F(StreamConnections, ClosesWith1009WhatIsTooBig) {
  OpenWebSocket();
  Say(ClientFrame(0x81, std::string(4097, 'x')));
  EXPECT_THAT(TakeFrames(), ElementsAre(StartsWith("close:\x03\xf1")));
  EXPECT_EQ(connection_->drop(), StreamDrop::kTooBig);
  EXPECT_THAT(seen_.received, IsEmpty());
}

TEST_F(StreamConnections, EndsWithTheClient) {
  OpenWebSocket();
  shutdown(client_, SHUT_WR);
  connection_->ReadSome();
  EXPECT_TRUE(connection_->done());
  EXPECT_EQ(connection_->drop(), StreamDrop::kNone);
}

TEST_F(StreamConnections, DropsAClientForWhichTooManyMessagesWait) {
  limits_.max_waiting_messages = 3;
  OpenWebSocket();
  for (int i = 0; i < 3; ++i) Send("x");
  EXPECT_EQ(connection_->drop(), StreamDrop::kNone);
  Send("x");
  EXPECT_EQ(connection_->drop(), StreamDrop::kSlow);
  Send("later");
  // None of what waited: it is told with the rest that it may ask for.
  EXPECT_THAT(TakeFrames(), ElementsAre("close:\x03\xf5too slow; resume with since"));
}

TEST_F(StreamConnections, DropsAClientForWhichTooManyBytesWait) {
  limits_.max_waiting_bytes = 100;
  Open(StreamKind::kServerSentEvents);
  connection_->WriteSome();
  Send(std::string(90, 'x'));
  Send(std::string(20, 'y'));
  EXPECT_EQ(connection_->drop(), StreamDrop::kSlow);
  EXPECT_EQ(TakeAll(),
            "HEADevent: error\ndata: {\"type\":\"error\",\"detail\":\"too slow; resume with "
            "since\"}\n\n");
}

TEST_F(StreamConnections, DoesNotCountSnapshots) {
  limits_.max_waiting_bytes = 100;
  OpenWebSocket();
  Send(std::string(5000, 's'), StreamWriter::Weight::kFree);
  Send("event");
  EXPECT_EQ(connection_->drop(), StreamDrop::kNone);
  EXPECT_THAT(TakeFrames(), ElementsAre("text:" + std::string(5000, 's'), "text:event"));
}

TEST_F(StreamConnections, FinishesTheMessageUnderWayBeforeItsLastWords) {
  limits_.max_waiting_bytes = 8 << 20;
  OpenWebSocket();
  const std::string large(2 << 20, 'x');  // more than a socket takes at once
  Send(large);
  connection_->WriteSome();
  ASSERT_TRUE(connection_->wants_to_write());
  Send("behind it");
  limits_.max_waiting_bytes = 1;
  Send("too much");
  ASSERT_EQ(connection_->drop(), StreamDrop::kSlow);
  EXPECT_THAT(TakeFrames(), ElementsAre("text:" + large, StartsWith("close:\x03\xf5")));
}

TEST_F(StreamConnections, APingerThatReadsNothingIsDroppedToo) {
  limits_.max_waiting_messages = 2;
  OpenWebSocket();
  for (int i = 0; i < 3; ++i) Say(ClientFrame(0x89, ""));
  EXPECT_EQ(connection_->drop(), StreamDrop::kSlow);
}

TEST_F(StreamConnections, DropsAClientThatTakesNothingForAWhile) {
  limits_.max_waiting_bytes = 8 << 20;
  OpenWebSocket();
  Send(std::string(2 << 20, 'x'));
  connection_->WriteSome();
  clock_.Advance(limits_.longest_stall);
  connection_->Tick();
  EXPECT_EQ(connection_->drop(), StreamDrop::kNone);
  clock_.Advance(Duration(1));
  connection_->Tick();
  EXPECT_EQ(connection_->drop(), StreamDrop::kSlow);
  clock_.Advance(limits_.farewell);
  connection_->Tick();
  EXPECT_TRUE(connection_->done());
}

TEST_F(StreamConnections, PingsAClientThatIsSilentAndGivesItUpInTheEnd) {
  OpenWebSocket();
  clock_.Advance(std::chrono::seconds(29));
  connection_->Tick();
  EXPECT_THAT(TakeFrames(), IsEmpty());
  clock_.Advance(std::chrono::seconds(1));
  connection_->Tick();
  EXPECT_THAT(TakeFrames(), ElementsAre("ping:"));
  clock_.Advance(std::chrono::seconds(60));
  connection_->Tick();
  EXPECT_TRUE(connection_->done());
  EXPECT_EQ(connection_->drop(), StreamDrop::kSilent);
}

TEST_F(StreamConnections, APongKeepsAClient) {
  OpenWebSocket();
  clock_.Advance(std::chrono::seconds(89));
  Say(ClientFrame(0x8A, ""));
  clock_.Advance(std::chrono::seconds(2));
  connection_->Tick();
  EXPECT_FALSE(connection_->done());
}

TEST_F(StreamConnections, AnEventStreamHasAHeartbeatWhereNothingElseIsSent) {
  Open(StreamKind::kServerSentEvents);
  clock_.Advance(std::chrono::seconds(10));
  Send("data: 1\n\n");
  clock_.Advance(std::chrono::seconds(14));
  connection_->Tick();
  EXPECT_EQ(TakeAll(), "HEADdata: 1\n\n");
  clock_.Advance(std::chrono::seconds(1));
  connection_->Tick();
  EXPECT_EQ(TakeAll(), ":\n\n");
}

TEST_F(StreamConnections, SaysThatTheDaemonStops) {
  OpenWebSocket();
  connection_->GoAway();
  EXPECT_THAT(TakeFrames(), ElementsAre("close:\x03\xe9the daemon stops"));
}

TEST_F(StreamConnections, AnEventStreamOfADaemonThatStopsJustEnds) {
  Open(StreamKind::kServerSentEvents);
  EXPECT_EQ(TakeAll(), "HEAD");
  connection_->GoAway();
  connection_->WriteSome();
  EXPECT_TRUE(ClientSeesTheEnd());
}

TEST_F(StreamConnections, AStreamThatWasNeverOpenedIsNotClosed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  client_ = ends[1];
  connection_ =
      std::make_unique<StreamConnection>(ends[0], StreamKind::kWebSocket, "HEAD",
                                         std::make_unique<RecordingStream>(seen_), limits_, clock_);
  connection_.reset();
  EXPECT_EQ(seen_.closed, 0);
}

}  // namespace
}  // namespace tocsin::http
