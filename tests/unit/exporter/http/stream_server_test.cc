// Connections that stay, over the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/http/origin_guard.h"
#include "exporter/http/stream_loop.h"
#include "exporter/http/web_socket_handshake.h"
#include "tests/unit/exporter/http/server_world.h"
#include "tests/unit/exporter/http/web_socket_client.h"

namespace tocsin::http {
namespace {

StreamText Text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// Greets, and says back what it is told.
class EchoStream final : public Stream {
 public:
  explicit EchoStream(std::string greeting) : greeting_(std::move(greeting)) {}
  void Opened(StreamWriter& writer) override {
    writer_ = &writer;
    writer.Send(Text(greeting_));
  }
  void Received(std::string_view text) override {
    if (text == "end") return writer_->Close(CloseCode::kNormal, "as you wish");
    writer_->Send(Text("echo " + std::string(text)));
  }
  void Drained() override {}
  void Closed() override {}

 private:
  const std::string greeting_;
  StreamWriter* writer_ = nullptr;
};

constexpr const char* kUpgrade =
    "GET /ws/anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// One connection, as a WebSocket client.
class Client {
 public:
  explicit Client(const ServerWorld& world, const std::string& more = "",
                  std::string request = kUpgrade)
      : socket_(world.server->port()) {
    socket_.Send(request + more + "\r\n");
    answer_ = socket_.Read();
  }
  const RawResponse& answer() const { return answer_; }
  void Say(const std::string& text) { socket_.Send(ClientFrame(0x81, text)); }
  void Send(const std::string& bytes) { socket_.Send(bytes); }
  // The next frame's payload; of a close frame its code. Empty at the end.
  std::string Next() {
    while (true) {
      if (const std::optional<ServerFrame> frame = TakeServerFrame(&bytes_)) {
        if (frame->first != 0x88) return frame->payload;
        return "close " + std::to_string((static_cast<unsigned char>(frame->payload.at(0)) << 8U) +
                                         static_cast<unsigned char>(frame->payload.at(1)));
      }
      const std::string more = socket_.ReadSome();
      if (more.empty()) return "";
      bytes_ += more;
    }
  }
  RawClient& socket() { return socket_; }

 private:
  RawClient socket_;
  RawResponse answer_;
  std::string bytes_;
};

class StreamServer : public ::testing::Test {
 protected:
  StreamServer() {
    Add(StreamRoute(StreamKind::kWebSocket, "/ws/{client_id}", [](const Request& request) {
      if (request.captures[0] == "mallory") {
        return StreamOffer{nullptr, ErrorResponse(422, ErrorStyle::kJson, "not you")};
      }
      return StreamOffer{std::make_unique<EchoStream>("hello " + request.captures[0]), {}};
    }));
    Add(StreamRoute(StreamKind::kServerSentEvents, "/events", [](const Request&) {
      StreamOffer offer{std::make_unique<EchoStream>("data: hello\n\n"), {}};
      offer.response.headers = {{"Cache-Control", "no-store"}};
      return offer;
    }));
  }
  void Add(Route route) { world_.router.Add(GuardOrigin(std::move(route), {"http://friend"})); }
  void Start() {
    streams_.emplace(options_, clock_, Logger(world_.log, "stream"), world_.registry);
    Result<std::unique_ptr<Server>> started = StartCivetwebServer(
        world_.options, world_.router, Logger(world_.log, "web"), world_.registry, &*streams_);
    ASSERT_TRUE(started.ok()) << started.message();
    world_.server = *std::move(started);
  }
  ~StreamServer() override {
    world_.server.reset();
    streams_.reset();
  }
  // Once the stream thread has dealt with what it was handed.
  void Settle() {
    std::promise<void> done;
    streams_->Post([&] { done.set_value(); });
    done.get_future().wait();
  }

  SystemClock clock_;
  StreamOptions options_;
  ServerWorld world_;
  std::optional<StreamLoop> streams_;
};

TEST_F(StreamServer, OpensAWebSocketAndKeepsIt) {
  Start();
  Client client(world_);
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(client.answer().Header("Upgrade"), "websocket");
  EXPECT_EQ(client.answer().Header("Connection"), "Upgrade");
  // https://www.rfc-editor.org/rfc/rfc6455#section-1.3
  EXPECT_EQ(client.answer().Header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(client.Next(), "hello anna");
  client.Say("one");
  client.Say("two");
  EXPECT_EQ(client.Next(), "echo one");
  EXPECT_EQ(client.Next(), "echo two");
  client.Say("end");
  EXPECT_EQ(client.Next(), "close 1000");
}

TEST_F(StreamServer, StreamsHoldNoWorker) {
  world_.options.workers = 2;
  world_.options.spare_threads = 0;
  Start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<Client>(world_));
  EXPECT_EQ(world_.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  for (const auto& client : clients) {
    EXPECT_EQ(client->Next(), "hello anna");
    client->Say("there");
    EXPECT_EQ(client->Next(), "echo there");
  }
  EXPECT_EQ(world_.Metric("alerting_websocket_connections"), 20);
  EXPECT_EQ(world_.Metric("tocsin_stream_clients", {{"kind", "websocket"}}), 20);
}

TEST_F(StreamServer, OpensAnEventStream) {
  Start();
  RawClient client(world_.server->port());
  client.Send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.Header("Content-Length"), "");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_EQ(client.ReadSome(), "data: hello\n\n");
}

TEST_F(StreamServer, RefusesWithAnOrdinaryAnswer) {
  Start();
  RawClient client(world_.server->port());
  const std::string wrong = std::string(kUpgrade).replace(5, 7, "ws/mallory");
  client.Send(wrong + "\r\n");
  const RawResponse answer = client.Read();
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body, R"({"detail":"not you"})");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(StreamServer, AsksForAnUpgradeWhereThereIsNone) {
  Start();
  const RawResponse plain = world_.Send("GET /ws/anna HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(plain.Header("Upgrade"), "websocket");
  const RawResponse old = world_.Send(
      "GET /ws/anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_EQ(old.status, 426);
  EXPECT_EQ(old.Header("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(world_
                .Send("GET /ws/anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: c2hvcnQ=\r\n\r\n")
                .status,
            400);
  EXPECT_EQ(Client(world_, "Content-Length: 2\r\n").answer().status, 400);
  const std::string before_upgrades = std::string(kUpgrade).replace(13, 8, "HTTP/1.0");
  EXPECT_EQ(Client(world_, "", before_upgrades).answer().status, 400);
}

TEST_F(StreamServer, RefusesPagesOfOtherSites) {
  Start();
  EXPECT_EQ(Client(world_, "Origin: http://evil\r\n").answer().status, 403);
  EXPECT_EQ(Client(world_, "Origin: null\r\n").answer().status, 403);
  EXPECT_EQ(Client(world_, "Origin: http://x\r\n").answer().status, 101);
  EXPECT_EQ(Client(world_, "Origin: http://friend\r\n").answer().status, 101);
}

TEST_F(StreamServer, TheGuardSeesStreamsTooAndWhereAKeyMayStand) {
  world_.router.GuardAll([](const Request& request, ErrorStyle errors) -> std::optional<Response> {
    const Route* const route = request.route;
    if (route != nullptr && route->access == Access::kRead && route->token_in_query &&
        request.QueryParameter("token") == "secret") {
      return std::nullopt;
    }
    return ErrorResponse(401, errors, "Missing API key");
  });
  Start();
  EXPECT_EQ(Client(world_).answer().status, 401);
  EXPECT_EQ(Client(world_).answer().body, R"({"detail":"Missing API key"})");
  const std::string with_token = std::string(kUpgrade).replace(5, 7, "ws/anna?token=secret");
  EXPECT_EQ(Client(world_, "", with_token).answer().status, 101);
  // Elsewhere a key in the query is none: it would stand in every log.
  EXPECT_EQ(world_.Send("GET /hello?token=secret HTTP/1.1\r\nHost: x\r\n\r\n").status, 401);
}

TEST_F(StreamServer, TheHolderOfAKeyMayHaveSoManyAtOnce) {
  options_.max_per_key = 1;
  world_.router.GuardAll([](Request& request, ErrorStyle) -> std::optional<Response> {
    request.actor.key_id = request.QueryParameter("token").value_or("");
    return std::nullopt;
  });
  Start();
  const auto with = [](const char* token) {
    return std::string(kUpgrade).replace(5, 7, std::string("ws/anna?token=") + token);
  };
  const Client first(world_, "", with("a"));
  EXPECT_EQ(first.answer().status, 101);
  EXPECT_EQ(Client(world_, "", with("a")).answer().status, 503);
  EXPECT_EQ(Client(world_, "", with("b")).answer().status, 101);
}

TEST_F(StreamServer, RefusesOneTooManyUntilOneLeaves) {
  options_.max_streams = 2;
  Start();
  auto first = std::make_unique<Client>(world_);
  const Client second(world_);
  const Client third(world_);
  EXPECT_EQ(third.answer().status, 503);
  EXPECT_EQ(third.answer().Header("Retry-After"), "5");
  EXPECT_EQ(world_.Metric("tocsin_stream_refused_total"), 1);
  first->Say("end");
  while (!first->Next().empty()) {
  }
  first.reset();
  // The seat is free once the stream thread has seen the client leave.
  int status = 503;
  for (int i = 0; i < 10'000 && status == 503; ++i) {
    Settle();
    status = Client(world_).answer().status;
  }
  EXPECT_EQ(status, 101);
}

TEST_F(StreamServer, TellsItsClientsThatItStops) {
  Start();
  Client client(world_);
  EXPECT_EQ(client.Next(), "hello anna");
  std::thread stopping([this] {
    world_.server->Stop();
    streams_->Stop();
  });
  EXPECT_EQ(client.Next(), "close 1001");
  client.socket().EndSending();
  stopping.join();
  EXPECT_EQ(world_.Metric("tocsin_stream_dropped_total", {{"reason", "stopping"}}), 1);
}

TEST_F(StreamServer, CountsWhatItDrops) {
  Start();
  Client client(world_);
  EXPECT_EQ(client.Next(), "hello anna");
  client.Send(std::string("\x81\x05Hello", 7));  // not masked
  EXPECT_EQ(client.Next(), "close 1002");
  client.socket().EndSending();
  EXPECT_EQ(client.Next(), "");
  while (world_.Metric("alerting_websocket_connections") != 0) Settle();
  EXPECT_EQ(world_.Metric("tocsin_stream_dropped_total", {{"reason", "protocol"}}), 1);
}

TEST_F(StreamServer, WithoutAStreamThreadThereAreNoStreams) {
  world_.Start();
  EXPECT_EQ(world_.Send(std::string(kUpgrade) + "\r\n").status, 503);
}

TEST_F(StreamServer, HeadOpensNothing) {
  Start();
  RawClient client(world_.server->port());
  client.Send("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 200);
  EXPECT_EQ(world_.Metric("tocsin_stream_clients", {{"kind", "sse"}}), 0);
}

TEST(StreamSeats, OfOneAddressAreFewer) {
  SystemClock clock;
  testing::NullLogSink log;
  MetricRegistry registry;
  StreamOptions options;
  options.max_streams = 4;
  options.max_per_address = 1;
  StreamLoop loop(options, clock, Logger(log, "stream"), registry);
  auto one = loop.Reserve("192.0.2.1", "");
  ASSERT_TRUE(one.has_value());
  EXPECT_FALSE(loop.Reserve("192.0.2.1", "").has_value());
  auto other = loop.Reserve("192.0.2.2", "");
  EXPECT_TRUE(other.has_value());
  // Proxies, and whoever is on this machine.
  auto local = loop.Reserve("127.0.0.1", "");
  auto proxy = loop.Reserve("127.0.0.1", "");
  EXPECT_TRUE(local.has_value() && proxy.has_value());
  EXPECT_FALSE(loop.Reserve("192.0.2.3", "").has_value());
  one.reset();
  EXPECT_TRUE(loop.Reserve("192.0.2.1", "").has_value());
}

TEST(StreamSeats, OfOneKeyAreFewerWhereverItsHolderIs) {
  SystemClock clock;
  testing::NullLogSink log;
  MetricRegistry registry;
  StreamOptions options;
  options.max_per_key = 2;
  StreamLoop loop(options, clock, Logger(log, "stream"), registry);
  auto local = loop.Reserve("127.0.0.1", "k1");
  auto remote = loop.Reserve("192.0.2.1", "k1");
  ASSERT_TRUE(local.has_value() && remote.has_value());
  EXPECT_FALSE(loop.Reserve("192.0.2.2", "k1").has_value());
  EXPECT_TRUE(loop.Reserve("192.0.2.2", "k2").has_value());
  local.reset();
  EXPECT_TRUE(loop.Reserve("192.0.2.2", "k1").has_value());
}

}  // namespace
}  // namespace tocsin::http
