#include "base/http_client.h"

#include <fmt/format.h>
#include <zlib.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>

#include "tests/support/http_test_server.h"
#include "tests/support/null_log.h"

namespace tocsin {
namespace {

using std::chrono::milliseconds;
using testing::HttpTestServer;
using testing::LoopbackSocket;
using testing::TestReply;
using testing::TestRequest;
using Fate = TestReply::Fate;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "T0KEN";

class HttpClientTest : public ::testing::Test {
 protected:
  // Waits for the result.
  HttpClientResult Fetch(HttpClientRequest request) { return FetchLater(std::move(request)).get(); }
  std::future<HttpClientResult> FetchLater(HttpClientRequest request) {
    auto promise = std::make_shared<std::promise<HttpClientResult>>();
    client_->Send(std::move(request),
                  [promise](HttpClientResult result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  static HttpClientRequest Get(std::string url) {
    HttpClientRequest request;
    request.url = std::move(url);
    return request;
  }
  static HttpClientRequest Post(std::string url, std::string body) {
    HttpClientRequest request = Get(std::move(url));
    request.method = "POST";
    request.body = std::move(body);
    return request;
  }

  testing::NullLogSink no_log_;
  std::unique_ptr<HttpClient> client_ =
      MakeCurlHttpClient("Tocsin/test", Logger(no_log_, "http_client"));
};

TestReply With(Fate fate) {
  TestReply reply;
  reply.body = "0123456789";
  reply.fate = fate;
  return reply;
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(HttpClientTest, ReturnsStatusHeadersAndBody) {
  TestReply reply;
  reply.status = 418;
  reply.headers = {{"X-One", "1"}, {"x-two", " two words "}, {"X-One", "again"}};
  reply.body = "short and stout";
  HttpTestServer server(reply);
  const HttpClientResult result = Fetch(Get(server.Url("/pot")));
  ASSERT_TRUE(result.response) << result.failure.message;
  EXPECT_EQ(result.response->status, 418);
  EXPECT_EQ(result.response->body, "short and stout");
  EXPECT_EQ(result.response->Header("x-one"), "1");
  EXPECT_EQ(result.response->Header("x-two"), "two words");
  EXPECT_EQ(result.response->Header("x-three"), "");
}

TEST_F(HttpClientTest, SendsMethodHeadersAndBodyAsGiven) {
  HttpTestServer server;
  HttpClientRequest request = Post(server.Url("/a/../b?c=d%20e"), R"({"a":1})");
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  ASSERT_TRUE(Fetch(request).response);
  const TestRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/a/../b?c=d%20e");
  EXPECT_EQ(seen.body, R"({"a":1})");
  EXPECT_EQ(seen.Header("content-type"), "application/json");
  EXPECT_EQ(seen.Header("user-agent"), "Tocsin/test");
  EXPECT_EQ(seen.Header("accept-encoding"), "");
  const std::pair<std::string, std::string> empty("x-empty", "");
  EXPECT_THAT(seen.headers, ::testing::Contains(empty));
}

TEST_F(HttpClientTest, SendsEveryMethodUnderItsName) {
  HttpTestServer server;
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    HttpClientRequest request = Get(server.Url());
    request.method = method;
    ASSERT_TRUE(Fetch(request).response) << method;
    EXPECT_EQ(server.requests().back().method, method);
    EXPECT_EQ(server.requests().back().body, "");
  }
}

TEST_F(HttpClientTest, SendsALargeBodyWithoutAskingFirst) {
  HttpTestServer server;
  const std::string body(3 << 20, 'x');
  ASSERT_TRUE(Fetch(Post(server.Url(), body)).response);
  const TestRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.Header("expect"), "");
  EXPECT_EQ(seen.Header("content-type"), "");  // curl's own would call it a form
  EXPECT_TRUE(seen.body == body);
}

TEST_F(HttpClientTest, ReusesTheConnection) {
  HttpTestServer server;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Fetch(Post(server.Url(), "x")).response);
  EXPECT_EQ(server.requests().size(), 5u);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, OpensANewConnectionWhereTheServerClosedTheOldOne) {
  TestReply reply;
  reply.close = true;
  HttpTestServer server(reply);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Fetch(Post(server.Url(), "x")).response);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientTest, HangingServersDoNotDelayOthers) {
  HttpTestServer hanging(With(Fate::kHang));
  HttpTestServer quick;
  std::vector<std::future<HttpClientResult>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(FetchLater(Get(hanging.Url())));
  hanging.AwaitRequests(100);
  const HttpClientResult result = Fetch(Get(quick.Url()));
  EXPECT_TRUE(result.response) << result.failure.message;
  for (auto& future : waiting) {
    EXPECT_EQ(future.wait_for(milliseconds(0)), std::future_status::timeout);
  }
}

TEST_F(HttpClientTest, SendsFromWithinDone) {
  HttpTestServer server;
  std::promise<HttpClientResult> second;
  client_->Send(Get(server.Url("/1")), [&](HttpClientResult) {
    client_->Send(Get(server.Url("/2")),
                  [&](HttpClientResult result) { second.set_value(std::move(result)); });
  });
  EXPECT_TRUE(second.get_future().get().response);
}

TEST_F(HttpClientTest, ManyThreadsMaySend) {
  HttpTestServer server;
  std::atomic<int> answered = 0;
  std::latch all(200);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        client_->Send(Get(server.Url()), [&](HttpClientResult result) {
          if (result.response) ++answered;
          all.count_down();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.wait();
  EXPECT_EQ(answered, 200);
}

TEST_F(HttpClientTest, TimesOutWhereTheAnswerDoesNotCome) {
  HttpTestServer server(With(Fate::kHang));
  HttpClientRequest request = Post(server.Url(), "x");
  request.timeout = milliseconds(50);
  const HttpClientResult result = Fetch(request);
  ASSERT_FALSE(result.response);
  EXPECT_TRUE(result.failure.timed_out);
  EXPECT_TRUE(result.failure.outcome_unknown);  // it was sent
  EXPECT_GE(result.elapsed, milliseconds(50));
}

TEST_F(HttpClientTest, ATimeoutOfZeroIsNotForEver) {
  HttpTestServer server(With(Fate::kHang));
  HttpClientRequest request = Get(server.Url());
  request.timeout = milliseconds(0);
  EXPECT_TRUE(Fetch(request).failure.timed_out);
}

TEST_F(HttpClientTest, ARefusedConnectionIsCertainNonDelivery) {
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  const HttpClientResult result = Fetch(Post(refusing.Url("/"), "x"));
  ASSERT_FALSE(result.response);
  EXPECT_FALSE(result.failure.outcome_unknown);
  EXPECT_FALSE(result.failure.timed_out);
  EXPECT_THAT(result.failure.message, HasSubstr(fmt::format("127.0.0.1:{}", refusing.port())));
}

TEST_F(HttpClientTest, ATimeoutBeforeTheBodyWasSentIsCertainNonDelivery) {
  const LoopbackSocket silent(LoopbackSocket::Mode::kListening);
  // More than the kernel's buffers of both sides take.
  HttpClientRequest request = Post(silent.Url("/"), std::string(64 << 20, 'x'));
  request.timeout = milliseconds(300);
  const HttpClientResult result = Fetch(request);
  EXPECT_TRUE(result.failure.timed_out);
  EXPECT_FALSE(result.failure.outcome_unknown);
}

TEST_F(HttpClientTest, ATimeoutAfterTheKernelTookTheRequestIsUnknown) {
  const LoopbackSocket silent(LoopbackSocket::Mode::kListening);
  HttpClientRequest request = Post(silent.Url("/"), "x");
  request.timeout = milliseconds(50);
  const HttpClientResult result = Fetch(request);
  EXPECT_TRUE(result.failure.timed_out);
  EXPECT_TRUE(result.failure.outcome_unknown);
}

TEST_F(HttpClientTest, ALargeBodySentWholeWithoutAnAnswerIsUnknown) {
  HttpTestServer server(With(Fate::kHang));
  HttpClientRequest request = Post(server.Url(), std::string(3 << 20, 'x'));
  request.timeout = std::chrono::seconds(60);
  std::future<HttpClientResult> result = FetchLater(request);
  server.AwaitRequests(1);
  client_.reset();
  EXPECT_TRUE(result.get().failure.outcome_unknown);
}

TEST_F(HttpClientTest, AResetOrCloseWithoutAnAnswerIsUnknown) {
  for (const Fate fate : {Fate::kReset, Fate::kClose}) {
    HttpTestServer server(With(fate));
    const HttpClientResult result = Fetch(Post(server.Url(), "x"));
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.outcome_unknown);
    EXPECT_FALSE(result.failure.timed_out);
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST_F(HttpClientTest, DoesNotRepeatAPostWhenAReusedConnectionDies) {
  for (const Fate fate : {Fate::kReset, Fate::kClose}) {
    HttpTestServer server([&](const TestRequest& request) {
      return With(request.target == "/first" ? Fate::kAnswer : fate);
    });
    ASSERT_TRUE(Fetch(Post(server.Url("/first"), "x")).response);
    const HttpClientResult result = Fetch(Post(server.Url("/second"), "x"));
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.outcome_unknown);
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST_F(HttpClientTest, RepeatsAGetWhenAReusedConnectionDies) {
  std::atomic<int> requests = 0;
  HttpTestServer server(
      [&](const TestRequest&) { return With(++requests == 2 ? Fate::kClose : Fate::kAnswer); });
  ASSERT_TRUE(Fetch(Get(server.Url())).response);
  EXPECT_TRUE(Fetch(Get(server.Url())).response);
  EXPECT_EQ(requests, 3);
}

TEST_F(HttpClientTest, AnAnswerCutShortIsAFailure) {
  for (const Fate fate : {Fate::kResetMidBody, Fate::kCloseMidBody}) {
    HttpTestServer server(With(fate));
    const HttpClientResult result = Fetch(Get(server.Url()));
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.outcome_unknown);
    EXPECT_FALSE(result.failure.response_too_large);
  }
}

TEST_F(HttpClientTest, AnAnswerCutShortInItsHeadersIsAFailureWhateverItsStatus) {
  HttpTestServer server(With(Fate::kCloseMidHeaders));
  const HttpClientResult result = Fetch(Post(server.Url(), "x"));
  ASSERT_FALSE(result.response);
  EXPECT_TRUE(result.failure.outcome_unknown);
  EXPECT_THAT(result.failure.message, HasSubstr("headers"));
}

TEST_F(HttpClientTest, ARequestThatIsAnsweredWithWhatIsNoHttpMayHaveArrived) {
  for (const char* answer : {"220 mail.test ready\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\x01\xff"}) {
    TestReply reply = With(Fate::kNoHttp);
    reply.body = answer;
    HttpTestServer server(reply);
    const HttpClientResult result = Fetch(Post(server.Url(), "x"));
    ASSERT_FALSE(result.response) << answer;
    EXPECT_TRUE(result.failure.outcome_unknown) << answer;
  }
}

TEST_F(HttpClientTest, CutsTheBodyOfARefusalThatIsTooLarge) {
  for (const int status : {301, 404, 503}) {
    TestReply reply;
    reply.status = status;
    reply.headers = {{"Retry-After", "7"}};
    reply.body = std::string(100'000, 'x');
    HttpTestServer server(reply);
    HttpClientRequest request = Get(server.Url());
    request.max_response_bytes = 1000;
    const HttpClientResult result = Fetch(request);
    ASSERT_TRUE(result.response) << result.failure.message;
    EXPECT_EQ(result.response->status, status);
    EXPECT_EQ(result.response->Header("retry-after"), "7");
    EXPECT_LE(result.response->body.size(), 1000u);
  }
}

TEST_F(HttpClientTest, CutsTheBodyOfASuccessWhereThatIsWanted) {
  for (const bool chunked : {false, true}) {
    TestReply reply;
    reply.body = "begins" + std::string(100'000, 'x');
    reply.chunked = chunked;
    HttpTestServer server(reply);
    HttpClientRequest request = Get(server.Url());
    request.max_response_bytes = 1000;
    request.cut_response = true;
    const HttpClientResult result = Fetch(request);
    ASSERT_TRUE(result.response) << result.failure.message;
    EXPECT_EQ(result.response->status, 200);
    EXPECT_EQ(result.response->body, "begins" + std::string(994, 'x'));
  }
}

TEST_F(HttpClientTest, TakesAnAnswerOfExactlyTheLimitAndNoMore) {
  for (const bool chunked : {false, true}) {
    TestReply reply;
    reply.body = std::string(5000, 'x');
    reply.chunked = chunked;
    HttpTestServer server(reply);
    HttpClientRequest request = Get(server.Url());
    request.max_response_bytes = 5000;
    EXPECT_TRUE(Fetch(request).response);
    request.max_response_bytes = 4999;
    const HttpClientResult result = Fetch(request);
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.response_too_large);
    EXPECT_THAT(result.failure.message, HasSubstr("larger than 4999 bytes"));
  }
}

TEST_F(HttpClientTest, GivesUpOnAnEndlessBody) {
  TestReply reply = With(Fate::kEndlessBody);
  reply.body = std::string(10000, 'x');
  HttpTestServer server(reply);
  HttpClientRequest request = Get(server.Url());
  request.timeout = std::chrono::minutes(5);
  EXPECT_TRUE(Fetch(request).failure.response_too_large);
}

TEST_F(HttpClientTest, GivesUpOnEndlessHeaders) {
  TestReply reply;
  for (int i = 0; i < 100; ++i) reply.headers.emplace_back("X-Filler", std::string(1000, 'x'));
  HttpTestServer server(reply);
  const HttpClientResult result = Fetch(Get(server.Url()));
  ASSERT_FALSE(result.response);
  EXPECT_THAT(result.failure.message, HasSubstr("headers of the answer are too large"));
}

TEST_F(HttpClientTest, GivesUpOnAnEndlessHeaderAndSaysThatItIsNotMemory) {
  TestReply reply;
  reply.headers = {{"X-Filler", std::string(200'000, 'x')}};
  HttpTestServer server(reply);
  const HttpClientResult result = Fetch(Get(server.Url()));
  ASSERT_FALSE(result.response);
  EXPECT_THAT(result.failure.message, HasSubstr("headers of the answer are too large"));
}

TEST_F(HttpClientTest, DecodesGzipWhenAskedTo) {
  TestReply reply;
  reply.headers = {{"Content-Encoding", "gzip"}};
  reply.body = Gzip(std::string(100'000, 'x'));
  HttpTestServer server(reply);
  HttpClientRequest request = Get(server.Url());
  request.accept_compressed = true;
  const HttpClientResult result = Fetch(request);
  ASSERT_TRUE(result.response) << result.failure.message;
  EXPECT_EQ(server.requests().at(0).Header("accept-encoding"), "gzip");
  EXPECT_TRUE(result.response->body == std::string(100'000, 'x'));
}

TEST_F(HttpClientTest, CountsDecodedBytesAgainstTheLimit) {
  TestReply reply;
  reply.headers = {{"Content-Encoding", "gzip"}};
  reply.body = Gzip(std::string(50 << 20, 'x'));  // about 50 KB
  HttpTestServer server(reply);
  HttpClientRequest request = Get(server.Url());
  request.accept_compressed = true;
  request.max_response_bytes = 1 << 20;
  EXPECT_TRUE(Fetch(request).failure.response_too_large);
}

TEST_F(HttpClientTest, BadCompressionIsAFailure) {
  TestReply reply;
  reply.headers = {{"Content-Encoding", "gzip"}};
  reply.body = "this is not gzip";
  HttpTestServer server(reply);
  HttpClientRequest request = Get(server.Url());
  request.accept_compressed = true;
  EXPECT_FALSE(Fetch(request).response);
}

TEST_F(HttpClientTest, ReadsChunksAndLeavesTrailersOut) {
  TestReply reply;
  reply.chunked = true;
  reply.body = std::string(12'345, 'x');
  HttpTestServer server(reply);
  const HttpClientResult result = Fetch(Get(server.Url()));
  ASSERT_TRUE(result.response) << result.failure.message;
  EXPECT_EQ(result.response->body.size(), 12'345u);
  EXPECT_EQ(result.response->Header("x-trailer"), "");
}

TEST_F(HttpClientTest, FollowsNoRedirectUnlessAsked) {
  HttpTestServer server([](const TestRequest&) {
    TestReply reply;
    reply.status = 302;
    reply.headers = {{"Location", "/elsewhere"}};
    return reply;
  });
  const HttpClientResult result = Fetch(Get(server.Url()));
  ASSERT_TRUE(result.response);
  EXPECT_EQ(result.response->status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

// Redirects /n to /n-1; /0 is the end.
TestReply CountDown(const TestRequest& request) {
  TestReply reply;
  const std::int64_t left = *ParseInt(std::string_view(request.target).substr(1));
  if (left == 0) {
    reply.body = "arrived";
    return reply;
  }
  reply.status = 307;
  reply.headers = {{"Location", fmt::format("/{}", left - 1)}, {"X-Hop", "yes"}};
  reply.body = "moved";
  return reply;
}

TEST_F(HttpClientTest, FollowsTenRedirectsWhenAsked) {
  HttpTestServer server(CountDown);
  HttpClientRequest request = Post(server.Url("/10"), "x");
  request.follow_redirects = true;
  const HttpClientResult result = Fetch(request);
  ASSERT_TRUE(result.response) << result.failure.message;
  EXPECT_EQ(result.response->body, "arrived");
  EXPECT_EQ(result.response->Header("x-hop"), "");  // of a redirect, not of the answer
  EXPECT_EQ(server.requests().size(), 11u);
  EXPECT_EQ(server.requests().back().method, "POST");
  EXPECT_EQ(server.requests().back().body, "x");
}

TEST_F(HttpClientTest, GivesUpAfterTenRedirects) {
  HttpTestServer server(CountDown);
  HttpClientRequest request = Post(server.Url("/11"), "x");
  request.follow_redirects = true;
  const HttpClientResult result = Fetch(request);
  ASSERT_FALSE(result.response);
  EXPECT_FALSE(result.failure.outcome_unknown);  // every request was answered
  EXPECT_EQ(server.requests().size(), 11u);
}

TestReply RedirectTo(std::string location) {
  TestReply reply;
  reply.status = 307;
  reply.headers = {{"Location", std::move(location)}};
  return reply;
}

TEST_F(HttpClientTest, TakesNoCredentialsToAnotherServer) {
  HttpTestServer other;
  HttpTestServer server([&](const TestRequest& request) {
    return RedirectTo(request.target == "/here" ? other.Url("/there") : "/here");
  });
  HttpClientRequest request = Post(server.Url("/"), "x");
  request.headers = {{"Authorization", "Bearer T0KEN"},
                     {"Content-Type", "text/x-kit"},
                     {"X-Token", kSecret},
                     {"Idempotency-Key", "k1"}};
  request.follow_redirects = true;
  ASSERT_TRUE(Fetch(request).response);
  const TestRequest here = server.requests().at(1);
  EXPECT_EQ(here.Header("authorization"), "Bearer T0KEN");
  EXPECT_EQ(here.Header("x-token"), kSecret);
  const TestRequest there = other.requests().at(0);
  EXPECT_EQ(there.body, "x");
  EXPECT_EQ(there.Header("content-type"), "text/x-kit");
  EXPECT_EQ(there.Header("idempotency-key"), "k1");
  EXPECT_EQ(there.Header("authorization"), "");
  EXPECT_EQ(there.Header("x-token"), "");
}

TEST_F(HttpClientTest, TakesNoCredentialsBackFromAnotherServer) {
  std::string elsewhere;
  HttpTestServer server([&](const TestRequest& request) {
    return request.target == "/back" ? TestReply() : RedirectTo(elsewhere);
  });
  HttpTestServer other(RedirectTo(server.Url("/back")));
  elsewhere = other.Url();
  HttpClientRequest request = Post(server.Url("/"), "x");
  request.headers = {{"Authorization", "Bearer T0KEN"}, {"X-Token", kSecret}};
  request.follow_redirects = true;
  ASSERT_TRUE(Fetch(request).response);
  for (const TestRequest& late : {other.requests().at(0), server.requests().at(1)}) {
    EXPECT_EQ(late.Header("authorization"), "");
    EXPECT_EQ(late.Header("x-token"), "");
  }
}

TEST_F(HttpClientTest, ARedirectToWhereNobodyListensIsCertainNonDelivery) {
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  HttpTestServer server(RedirectTo(refusing.Url("/")));
  HttpClientRequest request = Post(server.Url(), "x");
  request.follow_redirects = true;
  const HttpClientResult result = Fetch(request);
  ASSERT_FALSE(result.response);
  EXPECT_FALSE(result.failure.outcome_unknown);
}

TEST_F(HttpClientTest, ARedirectToWhereNobodyAnswersIsUnknown) {
  HttpTestServer silent(With(Fate::kClose));
  HttpTestServer server(RedirectTo(silent.Url("/")));
  HttpClientRequest request = Post(server.Url(), "x");
  request.follow_redirects = true;
  const HttpClientResult result = Fetch(request);
  ASSERT_FALSE(result.response);
  EXPECT_TRUE(result.failure.outcome_unknown);
}

TEST_F(HttpClientTest, FollowsNoRedirectToAnotherProtocolOrWithCredentials) {
  for (const char* location :
       {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://a:b@127.0.0.1/"}) {
    HttpTestServer server(RedirectTo(location));
    HttpClientRequest request = Get(server.Url());
    request.follow_redirects = true;
    const HttpClientResult result = Fetch(request);
    EXPECT_FALSE(result.response) << location;
    EXPECT_FALSE(result.failure.outcome_unknown) << location;
  }
}

TEST_F(HttpClientTest, KeepsNoCookies) {
  TestReply reply;
  reply.headers = {{"Set-Cookie", "a=b; Path=/"}};
  HttpTestServer server(reply);
  ASSERT_TRUE(Fetch(Get(server.Url())).response);
  ASSERT_TRUE(Fetch(Get(server.Url())).response);
  EXPECT_EQ(server.requests().at(1).Header("cookie"), "");
}

TEST_F(HttpClientTest, IgnoresTheProxyOfTheEnvironment) {
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  HttpTestServer server;
  setenv("http_proxy", refusing.Url("").c_str(), 1);
  const bool answered = Fetch(Get(server.Url())).response.has_value();
  unsetenv("http_proxy");
  EXPECT_TRUE(answered);
}

TEST_F(HttpClientTest, RefusesHeadersThatWouldSplitTheRequest) {
  HttpTestServer server;
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"X-A", "one\r\nX-B: two"},
      {"X-A", "one\ntwo"},
      {"X-A", std::string("a\0b", 3)},
      {"X-A\r\nX-B", "one"},
      {"X A", "one"},
      {"", "one"},
      {"X-A:", "one"},
      {"Content-Length", "999"},
      {"content-length", "0"},
      {"Transfer-Encoding", "chunked"},
  };
  for (const auto& header : bad) {
    HttpClientRequest request = Post(server.Url(), "x");
    request.headers = {header};
    const HttpClientResult result = Fetch(request);
    ASSERT_FALSE(result.response) << header.first;
    EXPECT_FALSE(result.failure.outcome_unknown);
    EXPECT_THAT(result.failure.message, HasSubstr("not sent"));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, RefusesBadMethodsAndUrls) {
  HttpTestServer server;
  HttpClientRequest request = Get(server.Url());
  request.method = "GET / HTTP/1.1\r\nX: y";
  EXPECT_THAT(Fetch(request).failure.message, HasSubstr("not sent"));
  for (const std::string& url : {std::string("file:///etc/passwd"), std::string("http://"),
                                 std::string(), server.Url("/a b"), server.Url("/a\r\nX: y"),
                                 server.Url("/" + std::string(1 << 20, 'a'))}) {
    EXPECT_THAT(Fetch(Get(url)).failure.message, HasSubstr("not sent"));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, FailsWhatIsUnderWayAtShutdown) {
  HttpTestServer server(With(Fate::kHang));
  std::vector<std::future<HttpClientResult>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(FetchLater(Post(server.Url(), "x")));
  server.AwaitRequests(20);
  client_.reset();
  for (auto& future : waiting) {
    const HttpClientResult result = future.get();
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.outcome_unknown);
    EXPECT_THAT(result.failure.message, HasSubstr("stopping"));
  }
}

TEST_F(HttpClientTest, CancelsWhatAnOwnerHasUnderWay) {
  HttpTestServer hanging(With(Fate::kHang));
  const int mine = 0;
  const int another = 0;
  const auto of = [&](const int& owner) {
    HttpClientRequest request = Post(hanging.Url(), "x");
    request.owner = &owner;
    return FetchLater(std::move(request));
  };
  std::future<HttpClientResult> first = of(mine);
  std::future<HttpClientResult> second = of(mine);
  std::future<HttpClientResult> others = of(another);
  hanging.AwaitRequests(3);
  client_->Cancel(&mine);
  for (auto* cancelled : {&first, &second}) {
    const HttpClientResult result = cancelled->get();
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.cancelled);
    EXPECT_TRUE(result.failure.outcome_unknown);
    EXPECT_THAT(result.failure.message, HasSubstr("cancelled"));
  }
  EXPECT_EQ(others.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  // What is sent afterwards is not cancelled, and the client works on.
  HttpTestServer good;
  HttpClientRequest later = Get(good.Url());
  later.owner = &mine;
  EXPECT_TRUE(Fetch(std::move(later)).response);
}

TEST_F(HttpClientTest, FailsWhatIsSentDuringShutdown) {
  HttpTestServer server(With(Fate::kHang));
  std::promise<HttpClientResult> second;
  client_->Send(Get(server.Url()), [&, client = client_.get()](HttpClientResult) {
    client->Send(Get(server.Url()),
                 [&](HttpClientResult result) { second.set_value(std::move(result)); });
  });
  server.AwaitRequests(1);
  client_.reset();
  const HttpClientResult result = second.get_future().get();
  EXPECT_FALSE(result.response);
  EXPECT_FALSE(result.failure.outcome_unknown);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(HttpClientTest, NoMessageHoldsASecretOfTheUrl) {
  const std::string path = fmt::format("/{0}?key={0}#{0}", kSecret);
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  std::vector<HttpClientRequest> requests = {
      Get(refusing.Url(path)),
      Get(fmt::format("http://u:{}@127.0.0.1/", kSecret)),
      Get(fmt::format("{}/services/{}", kSecret, kSecret)),
      Get(fmt::format("http://[{}/{}", kSecret, kSecret)),
      Get(refusing.Url(path + " blank")),
  };
  std::list<HttpTestServer> servers;
  for (const Fate fate : {Fate::kHang, Fate::kClose, Fate::kReset, Fate::kResetMidBody,
                          Fate::kCloseMidBody, Fate::kEndlessBody}) {
    servers.emplace_back(With(fate));
    requests.push_back(Get(servers.back().Url(path)));
    requests.back().timeout = milliseconds(200);
  }
  for (const char* location : {"/", "ftp://x/", "http://x:y/"}) {
    servers.emplace_back(RedirectTo(location));
    requests.push_back(Get(servers.back().Url(path)));
    requests.back().follow_redirects = true;
  }
  requests.push_back(Get(refusing.Url(path)));
  requests.back().headers = {{"Authorization", fmt::format("Bearer {}\n", kSecret)}};
  for (const HttpClientRequest& request : requests) {
    const HttpClientResult result = Fetch(request);
    ASSERT_FALSE(result.response);
    EXPECT_THAT(result.failure.message, Not(HasSubstr(kSecret)));
    EXPECT_THAT(result.failure.message, Not(HasSubstr("key=")));
    EXPECT_FALSE(result.failure.message.empty());
  }
}

TEST(CheckUrl, AcceptsHttpAndHttpsWithAHost) {
  for (const char* url :
       {"http://localhost", "https://example.com/", "http://127.0.0.1:9100/metrics?a=b#c",
        "HTTP://host", "http://[::1]:8080/", "http://[2001:db8::1]", "http://a_b.c-d:65535/",
        "http://host?query", "http://bücher.example/", "http://host/ü"}) {
    const Status status = CheckUrl(url);
    EXPECT_TRUE(status.ok()) << url << ": " << status.message();
  }
}

TEST(CheckUrl, RefusesWhatIsNoAddressOrCouldSplitARequest) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "must begin with http"},
      {"example.com", "must begin with http"},
      {"ftp://host/", "must begin with http"},
      {"file:///etc/passwd", "must begin with http"},
      {"http:/host", "must begin with http"},
      {"http://", "the host is missing"},
      {"http:///path", "the host is missing"},
      {"http://:80/", "the host is missing"},
      {"http://?x", "the host is missing"},
      {"http://user@host/", "user name"},
      {"http://user:password@host/", "user name"},
      {"http://host:/", "port"},
      {"http://host:0/", "port"},
      {"http://host:65536/", "port"},
      {"http://host:80a/", "port"},
      {"http://host:-1/", "port"},
      {"http://host:+1/", "port"},
      {"http://::1/", "the host is missing"},
      {"http://[::1", "no closing bracket"},
      {"http://[]/", "not an IPv6 address"},
      {"http://[1.2.3.4]/", "not an IPv6 address"},
      {"http://[fe80::1%25eth0]/", "not an IPv6 address"},
      {"http://[::1]80/", "only a port"},
      {"http://ho%73t/", "character"},
      {"http://a,b/", "character"},
      {"http://host\\@other/", "user name"},  // some parsers end the host at the backslash
      {"http://host\\path", "character"},
      {"http://h\xff/", "character"},
      {"http://host/a b", "blank"},
      {" http://host/", "blank"},
      {"http://host/\r\nX: y", "blank or a control character"},
      {"http://host/\t", "blank or a control character"},
      {"http://host/\x7f", "blank or a control character"},
      {std::string("http://host/\0", 13), "blank or a control character"},
  };
  for (const auto& [url, why] : bad) {
    const Status status = CheckUrl(url);
    ASSERT_FALSE(status.ok()) << url;
    EXPECT_THAT(status.message(), HasSubstr(why)) << url;
  }
}

TEST(RedactUrl, KeepsSchemeHostAndPortOnly) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"http://host", "http://host"},
      {"http://host/", "http://host/"},
      {"HTTPS://host:8443/hook/T0KEN", "https://host:8443/…"},
      {"http://host?key=T0KEN", "http://host/…"},
      {"http://host#T0KEN", "http://host/…"},
      {"http://[::1]:80/T0KEN", "http://[::1]:80/…"},
      {"http://user:T0KEN@host/", "http://host/"},
      {"http://T0KEN@user:x@host:1/a", "http://host:1/…"},
      {"http://user:T0/KEN@host/", "http://…"},  // `user:T0` is no host with a port
      {"http://a b:T0KEN/", "http://…"},
      {"T0KEN", "…"},
      {"hooks.example.com/T0KEN", "…"},
      {"T0KEN://x/", "…"},
      {"", "…"},
  };
  for (const auto& [url, redacted] : cases) EXPECT_EQ(RedactUrl(url), redacted);
}

}  // namespace
}  // namespace tocsin
