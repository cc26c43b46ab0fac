#include <future>
#include <list>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "tests/unit/exporter/http/server_world.h"

namespace tocsin::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Far beyond what any test waits for: only so that a failing one ends.
constexpr Duration kPatience = std::chrono::seconds(30);

std::string Post(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Where a number of threads wait for each other.
class Meeting {
 public:
  explicit Meeting(int expected) : missing_(expected) {}
  // True once all have come; false when they do not.
  bool Arrive() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    --missing_;
    changed_.NotifyAll();
    while (missing_ > 0) {
      if (!changed_.WaitFor(mu_, kPatience)) return false;
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int missing_ GUARDED_BY(mu_);
};

class HttpServer : public ::testing::Test {
 protected:
  ServerWorld world_;
};

TEST_F(HttpServer, ListensOnAFreePortWhenAskedForPort0) {
  world_.Start();
  EXPECT_GT(world_.server->port(), 0);
  EXPECT_EQ(world_.server->address(), "127.0.0.1:" + std::to_string(world_.server->port()));
  EXPECT_EQ(world_.Send(kGetHello).status, 200);
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  world_.Start();
  ServerOptions taken;
  taken.listen_address = world_.server->address();
  MetricRegistry registry;
  const auto second =
      StartCivetwebServer(taken, world_.router, Logger(world_.log, "web"), registry);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.message(),
              HasSubstr("cannot listen on " + taken.listen_address +
                        ": the address is in use by another program; stop that program"));
}

TEST_F(HttpServer, RefusesAnAddressThatIsNone) {
  world_.options.listen_address = "[::1]:0";
  const auto server = StartCivetwebServer(world_.options, world_.router, Logger(world_.log, "web"),
                                          world_.registry);
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.message(), HasSubstr("IPv4 only"));
}

TEST_F(HttpServer, GivesTheHandlerTheRequestAsItCame) {
  Request seen;
  std::size_t spare = 0;
  world_.Add("PUT", "/things/{id}/**", [&](const Request& request) {
    seen = request;
    spare = request.body.capacity() - request.body.size();
    return Response();
  });
  world_.Start();
  EXPECT_EQ(world_
                .Send("PUT /things/a%2Fb/c//d?x=1&y=%20 HTTP/1.1\r\nHost: x\r\nX-One: first \r\n"
                      "x-one:second\r\nContent-Length: 4\r\n\r\n\1\2\r\n")
                .status,
            200);
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.raw_path, "/things/a%2Fb/c//d");
  EXPECT_EQ(seen.query, "x=1&y=%20");
  EXPECT_THAT(seen.path, ElementsAre("things", "a/b", "c", "", "d"));
  EXPECT_THAT(seen.captures, ElementsAre("a/b", "c", "", "d"));
  EXPECT_EQ(seen.Header("X-ONE"), "first");
  EXPECT_THAT(seen.headers, SizeIs(4));
  EXPECT_EQ(seen.body, "\1\2\r\n");
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
  EXPECT_GE(spare, kBodyPadding);
}

TEST_F(HttpServer, SendsTheResponseAsTheHandlerMadeIt) {
  world_.Add("GET", "/made", [](const Request&) {
    Response response;
    response.status = 202;
    response.content_type = "application/json";
    response.headers = {{"X-Extra", "a"}, {"X-Extra", "b"}};
    response.body = "{}";
    return response;
  });
  world_.Start();
  const RawResponse response = world_.Send("GET /made HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.Header("X-Extra"), "a");
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(response.body, "{}");
}

TEST_F(HttpServer, KeepsTheConnectionForFurtherRequests) {
  world_.Start();
  RawClient client = world_.Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(kGetHello);
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello\n");
    EXPECT_EQ(response.Header("Connection"), "");
    client.Send(Post("/echo", "body"));
    EXPECT_EQ(client.Read().body, "body");
  }
}

TEST_F(HttpServer, KeepsThreadsFreeForConnectionsThatAreYetToCome) {
  std::promise<void> began;
  std::promise<void> may_end;
  world_.Add("GET", "/held", [&](const Request&) {
    began.set_value();
    may_end.get_future().wait_for(kPatience);
    return Response();
  });
  world_.Start();  // four threads
  std::list<RawClient> idle;
  const auto connection_after_answer = [](RawClient& client) {
    client.Send(kGetHello);
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, 200);
    return response.Header("Connection");
  };
  for (int i = 0; i < 3; ++i) {
    idle.emplace_back(world_.server->port());
    EXPECT_EQ(connection_after_answer(idle.back()), "");
  }
  for (int i = 0; i < 3; ++i) {
    RawClient late = world_.Connect();
    EXPECT_EQ(connection_after_answer(late), "close");
    EXPECT_TRUE(late.IsClosed());
  }
  // Those that idle are asked to go when they are next heard of, while others want in.
  RawClient busy = world_.Connect();
  busy.Send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  // From here on its connection is counted.
  ASSERT_EQ(began.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(connection_after_answer(idle.back()), "close");
  may_end.set_value();
  EXPECT_EQ(busy.Read().status, 200);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send(Post("/echo", "one") + Post("/echo", "two") + kGetHello);
  EXPECT_EQ(client.Read().body, "one");
  EXPECT_EQ(client.Read().body, "two");
  EXPECT_EQ(client.Read().body, "hello\n");
}

TEST_F(HttpServer, ClosesTheConnectionWhenTheClientWantsThat) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().Header("Connection"), "close");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServer, ClosesTheConnectionWhenTheHandlerWantsThat) {
  world_.Add("GET", "/last", [](const Request&) {
    Response response;
    response.close = true;
    return response;
  });
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().Header("Connection"), "close");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServer, KeepsTheConnectionOfAnOldClientOnlyWhenAsked) {
  world_.Start();
  RawClient leaving = world_.Connect();
  leaving.Send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(leaving.Read().Header("Connection"), "close");
  EXPECT_TRUE(leaving.IsClosed());

  RawClient staying = world_.Connect();
  for (int i = 0; i < 2; ++i) {
    staying.Send("GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_EQ(staying.Read().Header("Connection"), "keep-alive");
  }
}

TEST_F(HttpServer, AnswersHeadLikeGetWithoutTheBody) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse head = client.Read(/*to_head=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("Content-Length"), "6");
  // Were there a body, the next answer would not begin where it does.
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().body, "hello\n");
}

TEST_F(HttpServer, SendsNoBodyWithAStatusThatHasNone) {
  world_.Add("GET", "/nothing", [](const Request&) {
    Response response;
    response.status = 204;
    response.body = "should not be there";
    return response;
  });
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().status, 204);
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().body, "hello\n");
}

TEST_F(HttpServer, LetsOptionsReachItsRoute) {
  world_.Add("OPTIONS", "/hello", [](const Request& request) {
    Response response;
    response.body = "asked by " + std::string(request.Header("Origin"));
    return response;
  });
  world_.Start();
  const RawResponse response = world_.Send(
      "OPTIONS /hello HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n"
      "Access-Control-Request-Method: GET\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "asked by http://y");
}

TEST_F(HttpServer, TreatsAnUpgradeItDoesNotOfferAsAPlainRequest) {
  world_.Start();
  EXPECT_EQ(world_
                .Send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                .body,
            "hello\n");
}

TEST_F(HttpServer, TakesChunkedBodies) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\nA\r\n, chunked ");
  client.Send("\r\n00");
  client.Send("5\r\nworl");
  client.Send("d\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "hello, chunked world");
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n");
  const RawResponse empty = client.Read();
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().body, "hello\n");
}

TEST_F(HttpServer, TakesLargeBodies) {
  std::size_t spare = 0;
  world_.Add(
      "POST", "/large",
      [&](const Request& request) {
        spare = request.body.capacity() - request.body.size();
        Response response;
        response.body = request.body;
        return response;
      },
      ErrorStyle::kPlain, 16 << 20);
  world_.Start();
  std::string body(10 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7919 % 26);
  EXPECT_TRUE(world_.Send(Post("/large", body)).body == body);
  EXPECT_GE(spare, kBodyPadding);

  // The same in a chunk of 2 MB and one for the rest.
  std::string chunked =
      "POST /large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n";
  chunked += body.substr(0, 2 << 20) + "\r\n800000\r\n" + body.substr(2 << 20) + "\r\n0\r\n\r\n";
  EXPECT_TRUE(world_.Send(chunked).body == body);
  EXPECT_GE(spare, kBodyPadding);
}

TEST_F(HttpServer, SendsLargeAnswersWhole) {
  std::string page(20 << 20, 'x');
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<char>('a' + i * 7919 % 26);
  world_.Add("GET", "/page", [&](const Request&) {
    Response response;
    response.body = page;
    return response;
  });
  world_.Start();
  RawClient client = world_.Connect();
  for (int i = 0; i < 2; ++i) {
    client.Send("GET /page HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.Read().body == page);
  }
}

TEST_F(HttpServer, InvitesTheBodyOfAClientThatWaitsForThat) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("body");
  EXPECT_EQ(client.Read().body, "body");
  // And again on the same connection, now chunked.
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("4\r\nmore\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "more");
}

TEST_F(HttpServer, RefusesABodyBeforeItIsSentToAClientThatAsks) {
  world_.Add(
      "POST", "/small", [](const Request&) { return Response(); }, ErrorStyle::kPlain, 10);
  world_.Start();
  for (const auto& [path, status] : {std::pair("/small", 413), std::pair("/nowhere", 404)}) {
    RawClient client = world_.Connect();
    client.Send("POST " + std::string(path) +
                " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    EXPECT_EQ(client.Read().status, status);
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST_F(HttpServer, RunsHandlersOnSeveralWorkersAtOnce) {
  Meeting meeting(3);
  world_.Add("GET", "/meet", [&](const Request&) {
    Response response;
    response.status = meeting.Arrive() ? 200 : 500;
    return response;
  });
  world_.Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(world_.server->port()));
    clients.back()->Send("GET /meet HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (const auto& client : clients) EXPECT_EQ(client->Read().status, 200);
}

TEST_F(HttpServer, AnswersAnExceptionWith500AndLogsItUnderTheSameId) {
  world_.Add("GET", "/throws",
             [](const Request&) -> Response { throw std::runtime_error("the secret reason"); });
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 500);
  const std::string prefix = "internal error, logged under id ";
  ASSERT_THAT(response.body, ::testing::StartsWith(prefix));
  const std::string id(TrimSpace(response.body.substr(prefix.size())));
  EXPECT_THAT(id, SizeIs(36));
  ASSERT_THAT(world_.log.lines(), SizeIs(1));
  EXPECT_THAT(world_.log.lines()[0], HasSubstr("level=error"));
  EXPECT_THAT(world_.log.lines()[0], HasSubstr(id));
  EXPECT_THAT(world_.log.lines()[0], HasSubstr("the secret reason"));
  EXPECT_THAT(world_.log.lines()[0], HasSubstr("/throws"));
  // The connection is as good as before.
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(HttpServer, AnswersAnExceptionInTheStyleOfTheRoute) {
  world_.Add(
      "GET", "/throws", [](const Request&) -> Response { throw 1; }, ErrorStyle::kJson);
  world_.Start();
  const RawResponse response = world_.Send("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_THAT(response.body,
              ::testing::MatchesRegex(R"(\{"detail":"Internal error","id":"[0-9a-f-]{36}"\})"));
  ASSERT_THAT(world_.log.lines(), SizeIs(1));
  EXPECT_THAT(world_.log.lines()[0], HasSubstr("an exception of unknown type"));
}

TEST_F(HttpServer, WithholdsAResponseThatWouldForgeHeaders) {
  world_.Add("GET", "/forged", [](const Request& request) {
    Response response;
    response.headers = {{"X-Name", request.QueryParameter("name").value_or("")}};
    return response;
  });
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /forged?name=a%0d%0aSet-Cookie:%20x HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.Header("Set-Cookie"), "");
  EXPECT_THAT(world_.log.lines(), ElementsAre(HasSubstr("a response was withheld")));
}

TEST_F(HttpServer, StopWaitsForRunningRequestsAndRefusesNewOnes) {
  std::promise<void> running;
  std::promise<void> release;
  std::atomic<bool> finished{false};
  world_.options.silence_timeout = kPatience;
  world_.Add("GET", "/slow", [&](const Request&) {
    running.set_value();
    release.get_future().wait_for(kPatience);
    finished = true;
    return Response();
  });
  world_.Start();
  RawClient slow = world_.Connect();
  slow.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(running.get_future().wait_for(kPatience), std::future_status::ready);

  std::thread stopper([&] {
    world_.server->Stop();
    EXPECT_TRUE(finished);
  });
  RawResponse refused;
  for (int i = 0; i < 1'000'000 && refused.status != 503; ++i) refused = world_.Send(kGetHello);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "the server is stopping\n");
  EXPECT_EQ(refused.Header("Connection"), "close");
  EXPECT_FALSE(finished);
  release.set_value();
  EXPECT_EQ(slow.Read().status, 200);
  stopper.join();
}

TEST_F(HttpServer, RefusesConnectionsOnceItHasStopped) {
  world_.Start();
  EXPECT_TRUE(world_.Connect().connected());
  world_.server->Stop();
  EXPECT_FALSE(world_.Connect().connected());
  world_.server->Stop();  // again is fine
}

TEST_F(HttpServer, CountsRequestsByRouteMethodAndStatus) {
  world_.Add("GET", "/things/{id}", [](const Request& request) {
    Response response;
    response.status = request.captures.at(0) == "1" ? 200 : 404;
    return response;
  });
  world_.Start();
  const auto requests = [&](const char* route, const char* method, const char* code) {
    return world_.Metric("tocsin_http_requests_total",
                         {{"route", route}, {"method", method}, {"code", code}});
  };
  for (const char* target : {"/things/1", "/things/1?x=y", "/things/2", "/nowhere", "/none"}) {
    RawClient client = world_.Connect();
    client.Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_GT(client.Read().status, 0);
  }
  RawClient head = world_.Connect();
  head.Send("HEAD /things/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(head.Read(/*to_head=*/true).status, 200);
  RawClient malformed = world_.Connect();
  malformed.Send("BREW /things/1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(malformed.Read().status, 400);
  world_.server->Stop();  // an answer is counted after it was sent

  EXPECT_EQ(requests("/things/{id}", "GET", "200"), 2);
  EXPECT_EQ(requests("/things/{id}", "HEAD", "200"), 1);
  EXPECT_EQ(requests("/things/{id}", "GET", "404"), 1);
  EXPECT_EQ(requests("other", "GET", "404"), 2);
  EXPECT_EQ(requests("other", "other", "400"), 1);
  EXPECT_EQ(world_.Metric("tocsin_http_request_duration_seconds", {{"route", "/things/{id}"}}), 4);
  EXPECT_EQ(world_.Metric("tocsin_http_requests_in_flight"), 0);
}

TEST_F(HttpServer, ShowsTheRequestsUnderWay) {
  double seen = 0;
  world_.Add("GET", "/self", [&](const Request&) {
    seen = world_.Metric("tocsin_http_requests_in_flight");
    return Response();
  });
  world_.Start();
  EXPECT_EQ(world_.Send("GET /self HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_EQ(seen, 1);
}

TEST(Server, FinishersSeeTheServersOwnRefusals) {
  ServerWorld world;
  world.router.FinishBelow("/echo", [](const Request&, Response* response) {
    response->headers.emplace_back("X-Finished", "yes");
  });
  world.Start();
  const std::string body((1 << 20) + 1, 'x');
  for (const char* request :
       {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
        "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "GET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    EXPECT_EQ(world.Send(request).Header("X-Finished"), "yes") << request;
  }
  EXPECT_EQ(world.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n" + body)
                .Header("X-Finished"),
            "yes");
  EXPECT_EQ(world.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").Header("X-Finished"), "");
}

// ---- guards

std::optional<Response> NeedsKey(const Request& request, ErrorStyle /*errors*/) {
  if (request.Header("Key") == "good") return std::nullopt;
  return ErrorResponse(401, ErrorStyle::kPlain, "who are you");
}

TEST_F(HttpServer, AsksItsGuardBeforeAnythingElse) {
  world_.router.GuardAll(NeedsKey);
  world_.Start();
  RawClient client = world_.Connect();
  for (const char* path : {"/hello", "/nowhere", "/%zz"}) {
    client.Send(std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, 401) << path;
    EXPECT_EQ(response.body, "who are you\n");
  }
  client.Send("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().status, 401);
  // The connection is ready for the next request, also where there was a body.
  client.Send(Post("/echo", "text"));
  EXPECT_EQ(client.Read().status, 401);
  client.Send(Post("/echo", "text", "Key: good\r\n"));
  EXPECT_EQ(client.Read().body, "text");
  client.Send("GET /nowhere HTTP/1.1\r\nHost: x\r\nKey: good\r\n\r\n");
  EXPECT_EQ(client.Read().status, 404);
}

TEST_F(HttpServer, TakesNoBodyFromWhoIsRefused) {
  world_.router.GuardAll(NeedsKey);
  world_.Start();
  const RawResponse told = world_.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(told.status, 401);  // and not 100
  EXPECT_EQ(world_.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n").status,
            401);
}

TEST_F(HttpServer, FinishesTheAnswersOfItsGuard) {
  world_.router.GuardAll(NeedsKey);
  world_.router.FinishBelow("", [](const Request&, Response* response) {
    response->headers.emplace_back("X-Finished", "yes");
  });
  world_.Start();
  EXPECT_EQ(world_.Send(kGetHello).Header("X-Finished"), "yes");
}

}  // namespace
}  // namespace tocsin::http
