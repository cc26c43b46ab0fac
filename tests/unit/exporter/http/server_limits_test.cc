// What clients may not do, by mistake or on purpose, and that others are served all the same.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/exporter/http/server_world.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kMaxBody = 1000;

std::string Chunk(const std::string& bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

int CountAnswers(const std::string& text) {
  int n = 0;
  for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos;
       at = text.find("HTTP/1.1 ", at + 1)) {
    ++n;
  }
  return n;
}

class HttpLimits : public ::testing::Test {
 protected:
  HttpLimits() {
    const auto length = [](const Request& request) {
      Response response;
      response.body = std::to_string(request.body.size());
      return response;
    };
    world_.Add("POST", "/limited", length, ErrorStyle::kPlain, kMaxBody);
    world_.Add("POST", "/alerting/limited", length, ErrorStyle::kJson, kMaxBody);
  }

  // The status of the answer, which must be the last on its connection: a request follows that
  // would be answered otherwise.
  int RefusedWith(const std::string& bytes) {
    RawClient client(world_.server->port());
    client.Send(bytes + kGetHello);
    const std::string all = client.ReadToEnd();
    EXPECT_EQ(CountAnswers(all), 1) << all;
    EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
    if (!all.starts_with("HTTP/1.1 ")) return 0;
    return static_cast<int>(ParseInt(all.substr(9, 3)).value_or(0));
  }
  void ExpectOthersAreServed() { EXPECT_EQ(world_.Send(kGetHello).status, 200); }

  ServerWorld world_;
};

// ---- connections of one address

TEST_F(HttpLimits, RefusesTheConnectionsOfAnAddressThatHasTooMany) {
  world_.options.max_connections_per_address = 2;
  world_.options.uncounted = {};
  world_.Start();
  RawClient first = world_.Connect();
  RawClient second = world_.Connect();
  for (int i = 0; i < 2; ++i) {  // a connection counts once, whatever it asks
    for (RawClient* client : {&first, &second}) {
      client->Send(kGetHello);
      EXPECT_EQ(client->Read().status, 200);
    }
  }
  EXPECT_EQ(RefusedWith(kGetHello), 503);
  EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"), 503);
  EXPECT_EQ(world_.Send(kGetHello).Header("Retry-After"), "1");
  EXPECT_EQ(world_.Metric("tocsin_http_connections_refused_total"), 3);
  // Those that were refused took no place, and one that ends gives its own back.
  first.Send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(first.ReadToEnd(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(world_.Send(kGetHello).status, 200);
  second.Send(kGetHello);
  EXPECT_EQ(second.Read().status, 200);
}

TEST_F(HttpLimits, DoesNotCountTheConnectionsOfThisMachine) {
  world_.options.max_connections_per_address = 1;
  world_.Start();
  RawClient first = world_.Connect();
  first.Send(kGetHello);
  EXPECT_EQ(first.Read().status, 200);
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, DoesNotCountTheConnectionsOfATrustedProxy) {
  world_.options.max_connections_per_address = 1;
  world_.options.uncounted = {};
  world_.options.trusted_proxies = {*IpNetwork::Parse("127.0.0.0/8")};
  world_.Start();
  RawClient first = world_.Connect();
  first.Send(kGetHello);
  EXPECT_EQ(first.Read().status, 200);
  ExpectOthersAreServed();
}

// ---- bodies

TEST_F(HttpLimits, RefusesABodyThatIsAnnouncedTooLarge) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("POST /limited HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  const RawResponse response = client.Read();  // before any of the body is sent
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "Request body larger than 1000 bytes\n");
  EXPECT_EQ(response.Header("Connection"), "close");
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, TakesABodyOfJustTheLimit) {
  world_.Start();
  const std::string body(kMaxBody, 'x');
  EXPECT_EQ(
      world_.Send("POST /limited HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + body).body,
      "1000");
  EXPECT_EQ(world_
                .Send("POST /limited HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                      Chunk(body) + "0\r\n\r\n")
                .body,
            "1000");
}

TEST_F(HttpLimits, RefusesAChunkedBodyThatGrowsTooLarge) {
  world_.Start();
  const std::string head =
      "POST /limited HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(RefusedWith(head + Chunk(std::string(kMaxBody + 1, 'x')) + "0\r\n\r\n"), 413);
  const std::string half(kMaxBody / 2, 'x');
  EXPECT_EQ(RefusedWith(head + Chunk(half) + Chunk(half) + Chunk("x") + "0\r\n\r\n"), 413);
}

TEST_F(HttpLimits, LetsAClientReadThe413WhileItStillSends) {
  world_.Start();
  RawClient client = world_.Connect();
  // More than the buffers of a connection hold: it is taken off and thrown away.
  client.Send("POST /limited HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n");
  const std::string megabyte(1'000'000, 'x');
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.Send(megabyte));
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(HttpLimits, WritesRefusalsInTheStyleOfTheRoute) {
  world_.Start();
  const RawResponse response =
      world_.Send("POST /alerting/limited HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.body, R"({"detail":"Request body larger than 1000 bytes"})");
}

TEST_F(HttpLimits, RefusesALengthThatIsEndless) {
  world_.Start();
  for (const char* length : {"9223372036854775807", "18446744073709551615", "18446744073709551616",
                             "99999999999999999999999"}) {
    RawClient client = world_.Connect();
    client.Send(
        fmt::format("POST /limited HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", length));
    client.EndSending();
    const int status = client.Read().status;
    EXPECT_TRUE(status == 413 || status == 400) << length << ": " << status;
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST_F(HttpLimits, RefusesALengthThatIsNoNumber) {
  world_.Start();
  for (const char* length : {"-1", "+5", "5x", "0x5", "5, 5", "5 5", "", "1e1"}) {
    const int status = RefusedWith(
        fmt::format("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\nhello", length));
    EXPECT_TRUE(status == 400 || status == 411) << length << ": " << status;
  }
}

TEST_F(HttpLimits, RefusesALengthBesideATransferEncoding) {
  world_.Start();
  EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n"
                        "content-length: 0\r\n\r\n0\r\n\r\n"),
            400);
}

TEST_F(HttpLimits, RefusesTwoLengths) {
  world_.Start();
  EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                        "Content-Length: 50\r\n\r\nhello"),
            400);
  EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                        "content-length: 5\r\n\r\nhello"),
            400);
}

TEST_F(HttpLimits, RefusesTransferEncodingsItDoesNotKnow) {
  world_.Start();
  for (const char* encoding : {"gzip", "gzip, chunked", "chunked, chunked", "xchunked", "identity",
                               "chunked\r\nTransfer-Encoding: chunked", ""}) {
    EXPECT_EQ(
        RefusedWith(fmt::format(
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {}\r\n\r\n0\r\n\r\n", encoding)),
        400)
        << encoding;
  }
}

TEST_F(HttpLimits, RefusesMalformedChunks) {
  world_.Start();
  for (const char* chunks : {
           "zz\r\nhello\r\n0\r\n\r\n",        // no number
           "-5\r\nhello\r\n0\r\n\r\n",        // negative
           "\r\nhello\r\n0\r\n\r\n",          // no size
           "5;a=b\r\nhello\r\n0\r\n\r\n",     // an extension
           "5\r\nhelloX\r\n0\r\n\r\n",        // longer than it says
           "fffffffffffffffff\r\nhello\r\n",  // more than can be counted
       }) {
    RawClient client = world_.Connect();
    client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.Send(chunks);
    client.Send(kGetHello);
    client.EndSending();
    const std::string all = client.ReadToEnd();
    EXPECT_THAT(all, StartsWith("HTTP/1.1 400 ")) << chunks;
    EXPECT_EQ(CountAnswers(all), 1) << chunks;
  }
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, TakesABodyWithATrailerAndClosesItsConnection) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().body, "hello");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpLimits, NeverTakesABodyCutShortForAWholeOne) {
  world_.Start();
  for (const char* rest :
       {"Content-Length: 10\r\n\r\nhello", "Content-Length: 10\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "Transfer-Encoding: chunked\r\n\r\n"}) {
    RawClient client = world_.Connect();
    client.Send("POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(rest));
    client.EndSending();
    EXPECT_EQ(client.Read().status, 400) << rest;
    EXPECT_TRUE(client.IsClosed());
  }
}

TEST_F(HttpLimits, RefusesAnOversizedHead) {
  world_.Start();
  EXPECT_EQ(RefusedWith("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20'000, 'x') +
                        "\r\n\r\n"),
            400);
  EXPECT_EQ(RefusedWith("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, TakesAHeadOfNearlyTheLimit) {
  world_.Start();
  EXPECT_EQ(world_
                .Send("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(16'000, 'x') +
                      "\r\n\r\n")
                .status,
            200);
}

TEST_F(HttpLimits, RefusesMoreHeadersThanItCanSee) {
  world_.Start();
  const auto with_headers = [](int n) {
    std::string head = "GET /hello HTTP/1.1\r\nHost: x\r\n";
    for (int i = 1; i < n; ++i) head += fmt::format("X-{}: y\r\n", i);
    return head + "\r\n";
  };
  EXPECT_EQ(world_.Send(with_headers(63)).status, 200);
  EXPECT_EQ(RefusedWith(with_headers(64)), 431);
  EXPECT_EQ(RefusedWith(with_headers(200)), 431);
}

TEST_F(HttpLimits, RefusesHeadsThatCouldBeReadInTwoWays) {
  world_.Start();
  for (const char* headers : {
           "Host: x\r\nX-Folded: a\r\n b\r\n",                          // a folded line
           "Host: x\r\n Content-Length: 5\r\n",                         // one that hides a length
           "Host: x\r\nContent-Length : 5\r\n",                         // a blank before the colon
           "Host: x\nContent-Length: 5\r\n",                            // a bare line feed
           "Host: x\r\n: no name\r\nContent-Length: 5\r\n",             // a header without name
           "Host: x\r\n\xc3\xa9: y\r\nTransfer-Encoding: chunked\r\n",  // a name beyond ASCII
       }) {
    EXPECT_EQ(RefusedWith("POST /echo HTTP/1.1\r\n" + std::string(headers) + "\r\nhello"), 400)
        << headers;
  }
}

TEST_F(HttpLimits, WantsOneHost) {
  world_.Start();
  EXPECT_EQ(RefusedWith("GET /hello HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusedWith("GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400);
}

TEST_F(HttpLimits, RefusesExpectationsItCannotMeet) {
  world_.Start();
  EXPECT_EQ(RefusedWith("GET /hello HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n"), 417);
}

TEST_F(HttpLimits, RefusesRequestLinesThatAreNone) {
  world_.Start();
  for (const char* line : {"nonsense", "GET", "GET /hello", "GET /hello HTTP/9", "BREW / HTTP/1.1",
                           "get /hello HTTP/1.1", "\x16\x03\x01\x02"}) {
    RawClient client = world_.Connect();
    client.Send(std::string(line) + "\r\nHost: x\r\n\r\n");
    client.EndSending();
    const std::string all = client.ReadToEnd();
    EXPECT_TRUE(all.empty() || all.starts_with("HTTP/1.1 4") || all.starts_with("HTTP/1.1 505"))
        << line << ": " << all;
  }
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, AnswersUnknownPathsAndMethods) {
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().status, 404);
  client.Send("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.Header("Allow"), "GET, HEAD");
  // A small body that belongs to no route does not cost the connection.
  client.Send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.Read().status, 404);
  client.Send(kGetHello);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(HttpLimits, ClosesAfterALargeBodyThatBelongsToNoRoute) {
  world_.Start();
  EXPECT_EQ(RefusedWith("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" +
                        std::string(100'000, 'x')),
            404);
}

TEST_F(HttpLimits, RefusesPathsThatAreNoText) {
  world_.Start();
  for (const char* path :
       {"/hello%", "/hello%4", "/%zz", "/hello%00", "/%ff", "/%ed%a0%80", "/%c0%af", "hello"}) {
    RawClient client = world_.Connect();
    client.Send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
    EXPECT_EQ(client.Read().status, 400) << path;
  }
  for (const std::string& path : {std::string("/\xff"), std::string("/hello\0", 7)}) {
    RawClient client = world_.Connect();
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.Read().status, 400);
  }
}

TEST_F(HttpLimits, ClosesWhenTheTargetIsAnotherServers) {
  world_.Start();
  for (const char* target : {"*", "http://other.example/hello", "http://127.0.0.1:1/hello"}) {
    RawClient client = world_.Connect();
    client.Send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", target));
    EXPECT_TRUE(client.IsClosed()) << target;
  }
}

TEST_F(HttpLimits, TakesDotsInPathsForData) {
  world_.Start();
  for (const char* path :
       {"/x/../hello", "/./hello", "/%2e%2e/hello", "//hello", "/x/..%2fhello"}) {
    RawClient client = world_.Connect();
    client.Send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path));
    EXPECT_EQ(client.Read().status, 404) << path;
  }
}

TEST_F(HttpLimits, ServesOthersWhile60ClientsSendHalfAHead) {
  world_.options = ServerOptions();  // as the daemon has them
  world_.options.listen_address = "127.0.0.1:0";
  // Beyond the client's patience: nobody is served by waiting for the deadline.
  world_.options.silence_timeout = std::chrono::minutes(2);
  world_.Start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(std::make_unique<RawClient>(world_.server->port()));
    slow.back()->Send("GET /hello HTTP/1.1\r\nHo");
  }
  for (int i = 0; i < 10; ++i) ExpectOthersAreServed();
  slow.front()->Send("st: x\r\n\r\n");
  EXPECT_EQ(slow.front()->Read().status, 200);
}

TEST_F(HttpLimits, ClosesConnectionsWhoseHeadDoesNotCome) {
  world_.options.silence_timeout = Duration(100);
  world_.options.workers = 1;
  world_.Start();
  RawClient half = world_.Connect();
  half.Send("GET /hello HTTP/1.1\r\nHo");
  const RawResponse refused = half.Read();
  EXPECT_TRUE(refused.status == 400 || refused.status == 408) << refused.status;
  EXPECT_TRUE(half.IsClosed());

  RawClient silent = world_.Connect();
  silent.ReadToEnd();  // comes to an end
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, BoundsTheTimeOfAHeadThatTrickles) {
  world_.options.silence_timeout = Duration(200);
  world_.options.workers = 1;
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /hello HTTP/1.1\r\nX-Slow: ");
  while (!client.Readable(10) && client.Send("x")) {
  }
  EXPECT_NE(client.Read().status, 200);
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, BoundsTheSilenceWithinABody) {
  world_.options.silence_timeout = Duration(100);
  world_.options.workers = 1;
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_EQ(client.Read().status, 400);
  EXPECT_TRUE(client.IsClosed());
  ExpectOthersAreServed();
}

TEST_F(HttpLimits, BoundsTheTimeOfABodyThatTrickles) {
  world_.options.transfer_timeout = Duration(200);
  world_.options.workers = 1;
  world_.Start();
  for (const char* framing :
       {"Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n100000\r\n"}) {
    RawClient client = world_.Connect();
    client.Send("POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(framing));
    // Never silent for long.
    while (!client.Readable(10) && client.Send("x")) {
    }
    const RawResponse response = client.Read();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.body, "the request body took longer than 200ms\n");
    EXPECT_EQ(response.Header("Connection"), "close");
    ExpectOthersAreServed();
  }
}

TEST_F(HttpLimits, CutsOffAClientThatDoesNotReadItsAnswer) {
  world_.options.transfer_timeout = Duration(200);
  world_.options.silence_timeout = std::chrono::minutes(2);
  world_.options.workers = 1;
  const std::string page(64 << 20, 'x');
  world_.Add("GET", "/page", [&](const Request&) {
    Response response;
    response.body = page;
    return response;
  });
  world_.Start();
  RawClient client = world_.Connect();
  client.Send("GET /page HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.Readable(30'000));  // the answer has begun; the one worker is at it
  ExpectOthersAreServed();
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(HttpLimits, SurvivesClientsThatLeaveAtOnce) {
  world_.Start();
  for (const char* bytes :
       {"", "GET", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab",
        "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    for (int i = 0; i < 20; ++i) world_.Connect().Send(bytes);
  }
  ExpectOthersAreServed();
}

}  // namespace
}  // namespace tocsin::http
