// Proxies and TLS settings without TLS itself, which tests/e2e/test_http_config.py has.
#include "base/http_transport.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/http_client.h"
#include "base/url_user_info.h"
#include "tests/support/http_test_server.h"
#include "tests/support/null_log.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using testing::HttpTestServer;
using testing::LoopbackSocket;
using ::testing::Not;
using testing::TestReply;
using testing::TestRequest;

class HttpTransportTest : public ::testing::Test {
 protected:
  HttpClientResult Fetch(const std::string& url, HttpTransport transport) {
    HttpClientRequest request;
    request.url = url;
    request.timeout = std::chrono::seconds(5);
    request.transport = std::make_shared<const HttpTransport>(std::move(transport));
    std::promise<HttpClientResult> promise;
    client_->Send(std::move(request),
                  [&](HttpClientResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  static HttpTransport Through(const HttpTestServer& proxy, std::string_view user_info = "") {
    HttpTransport transport;
    transport.proxy = Secret(fmt::format("http://{}127.0.0.1:{}", user_info, proxy.port()));
    return transport;
  }

  testing::NullLogSink no_log_;
  std::unique_ptr<HttpClient> client_ =
      MakeCurlHttpClient("Tocsin/test", Logger(no_log_, "http_client"));
};

TEST_F(HttpTransportTest, APlainRequestIsHandedToTheProxy) {
  HttpTestServer proxy;
  const HttpClientResult result =
      Fetch("http://receiver.example/path?q", Through(proxy, "me:pass%20word@"));
  ASSERT_TRUE(result.response) << result.failure.message;
  const TestRequest request = proxy.requests().at(0);
  EXPECT_EQ(request.target, "http://receiver.example/path?q");
  EXPECT_EQ(request.Header("host"), "receiver.example");
  EXPECT_EQ(request.Header("proxy-authorization"), BasicAuthorization("me", "pass word"));
}

TEST_F(HttpTransportTest, ConnectHeadersAreForTunnelsOnly) {
  TestReply refused;
  refused.status = 403;
  HttpTestServer proxy(refused);
  HttpTransport transport = Through(proxy);
  transport.connect_headers = {{"X-Pass", Secret("T0KEN")}, {"X-Empty", Secret()}};
  ASSERT_TRUE(Fetch("http://receiver.example/", transport).response);
  const HttpClientResult tunnel = Fetch("https://receiver.example/hook", transport);
  ASSERT_FALSE(tunnel.response);
  EXPECT_FALSE(tunnel.failure.outcome_unknown);
  EXPECT_THAT(tunnel.failure.message, HasSubstr("403"));
  EXPECT_EQ(proxy.requests().at(0).Header("x-pass"), "");
  EXPECT_EQ(proxy.requests().at(1).method, "CONNECT");
  EXPECT_EQ(proxy.requests().at(1).target, "receiver.example:443");
  EXPECT_EQ(proxy.requests().at(1).Header("x-pass"), "T0KEN");
}

TEST_F(HttpTransportTest, NoProxyOfTheEnvironmentIsUsedOrSpared) {
  HttpTestServer proxy;
  setenv("no_proxy", "*", 1);
  const HttpClientResult result = Fetch("http://receiver.example/", Through(proxy));
  unsetenv("no_proxy");
  EXPECT_TRUE(result.response) << result.failure.message;
}

TEST_F(HttpTransportTest, AProxyThatIsGoneIsCertainNonDelivery) {
  const LoopbackSocket refusing(LoopbackSocket::Mode::kRefusing);
  for (const char* scheme : {"http", "https", "socks5", "socks5h"}) {
    HttpTransport transport;
    transport.proxy = Secret(fmt::format("{}://u:T0KEN@127.0.0.1:{}", scheme, refusing.port()));
    const HttpClientResult result = Fetch("http://receiver.example/T0KEN", transport);
    ASSERT_FALSE(result.response);
    EXPECT_FALSE(result.failure.outcome_unknown);
    EXPECT_THAT(result.failure.message, Not(HasSubstr("T0KEN")));
  }
}

TEST_F(HttpTransportTest, RefusesWhatCannotBeTheWay) {
  HttpTestServer server;
  std::vector<std::pair<HttpTransport, const char*>> cases(5);
  cases[0].first.proxy = Secret("ftp://u:T0KEN@host");
  cases[0].second = "the proxy: the URL must begin with http";
  cases[1].first.proxy = Secret("http://u:T0KEN@host:x");
  cases[1].second = "the proxy: the port";
  cases[2].first.server_name = "a:b:c";
  cases[2].second = "server_name";
  cases[3].first.server_name = "a@b";
  cases[3].second = "server_name";
  cases[4].first.connect_headers = {{"X-A", Secret("T0KEN\r\nX-B: c")}};
  cases[4].second = "line break";
  for (const auto& [transport, why] : cases) {
    const HttpClientResult result = Fetch(server.Url(), transport);
    ASSERT_FALSE(result.response);
    EXPECT_THAT(result.failure.message, HasSubstr(why));
    EXPECT_THAT(result.failure.message, Not(HasSubstr("T0KEN")));
  }
  EXPECT_EQ(server.connections(), 0);
}

// The names of TLS are no matter of plain HTTP.
TEST_F(HttpTransportTest, AServerNameChangesNothingWithoutTls) {
  HttpTestServer server;
  HttpTransport transport;
  transport.server_name = "other.example";
  ASSERT_TRUE(Fetch(server.Url(), transport).response);
  EXPECT_EQ(server.requests().at(0).Header("host"), fmt::format("127.0.0.1:{}", server.port()));
}

TEST_F(HttpTransportTest, ACertificateThatIsNoneIsNamedAsTheReason) {
  const LoopbackSocket listening(LoopbackSocket::Mode::kListening);
  HttpTransport transport;
  transport.certificate = "nonsense";
  transport.key = Secret("T0KEN");
  const HttpClientResult result =
      Fetch(fmt::format("https://127.0.0.1:{}/", listening.port()), transport);
  ASSERT_FALSE(result.response);
  EXPECT_THAT(result.failure.message, HasSubstr("certificate"));
  EXPECT_THAT(result.failure.message, Not(HasSubstr("T0KEN")));
}

}  // namespace
}  // namespace tocsin
