// The egress policy as real connections meet it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "base/http_client.h"
#include "base/mail_client.h"
#include "tests/support/http_test_server.h"
#include "tests/support/null_log.h"
#include "tests/support/smtp_test_server.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using testing::HttpTestServer;
using ::testing::IsEmpty;
using testing::LoopbackSocket;
using ::testing::SizeIs;
using testing::SmtpTestServer;
using testing::TestReply;

class EgressTest : public ::testing::Test {
 protected:
  HttpClientResult Fetch(const std::string& url) {
    HttpClientRequest request;
    request.url = url;
    request.follow_redirects = true;
    HttpTransport with = transport_;
    if (guarded_) with.egress = std::make_shared<const EgressPolicy>(policy_);
    request.transport = std::make_shared<const HttpTransport>(std::move(with));
    std::promise<HttpClientResult> promise;
    client_->Send(std::move(request),
                  [&promise](HttpClientResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  // The same server by its name.
  static std::string ByName(const HttpTestServer& server, const std::string& path = "/") {
    return "http://localhost:" + std::to_string(server.port()) + path;
  }

  EgressPolicy policy_;
  HttpTransport transport_;
  bool guarded_ = true;

 private:
  testing::NullLogSink no_log_;
  std::unique_ptr<HttpClient> client_ = MakeCurlHttpClient("Tocsin/test", Logger(no_log_, "http"));
};

TEST_F(EgressTest, OpensNoConnectionToAnAddressThatIsRefused) {
  const HttpTestServer server;
  for (const std::string& url : {server.Url("/hook"), ByName(server, "/hook")}) {
    const HttpClientResult result = Fetch(url);
    ASSERT_FALSE(result.response);
    EXPECT_TRUE(result.failure.forbidden);
    EXPECT_FALSE(result.failure.outcome_unknown);
    EXPECT_THAT(result.failure.message, HasSubstr("refused by tocsin.egress: "));
    EXPECT_THAT(result.failure.message, HasSubstr("loopback"));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(EgressTest, ReachesWhatTheOperatorAllows) {
  const HttpTestServer server;
  policy_.allow_networks = {*IpNetwork::Parse("127.0.0.0/8")};
  EXPECT_TRUE(Fetch(server.Url()).response);
  policy_ = {};
  policy_.allow_hosts = {"localhost"};
  EXPECT_TRUE(Fetch(ByName(server)).response);
  EXPECT_FALSE(Fetch(server.Url()).response);
}

TEST_F(EgressTest, NoRedirectLeadsAround) {
  const HttpTestServer inner;
  TestReply away;
  away.status = 307;
  away.headers = {{"Location", inner.Url("/metadata")}};
  const HttpTestServer outer(away);
  policy_.allow_hosts = {"localhost"};
  const HttpClientResult result = Fetch(ByName(outer));
  ASSERT_FALSE(result.response);
  EXPECT_TRUE(result.failure.forbidden) << result.failure.message;
  EXPECT_THAT(outer.requests(), SizeIs(1));
  EXPECT_EQ(inner.connections(), 0);
}

TEST_F(EgressTest, NorDoesAConnectionThatWasOpenedForSomebodyElse) {
  const HttpTestServer server;
  guarded_ = false;
  EXPECT_TRUE(Fetch(server.Url()).response);
  guarded_ = true;
  const HttpClientResult result = Fetch(server.Url());
  ASSERT_FALSE(result.response);
  EXPECT_TRUE(result.failure.forbidden) << result.failure.message;
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(EgressTest, AServerThatIsDownIsNoRefusal) {
  const LoopbackSocket nobody(LoopbackSocket::Mode::kRefusing);
  policy_.allow_networks = {*IpNetwork::Parse("127.0.0.0/8")};
  const HttpClientResult result = Fetch(nobody.Url("/"));
  ASSERT_FALSE(result.response);
  EXPECT_FALSE(result.failure.forbidden);
}

TEST_F(EgressTest, AProxyMayBeReachedButNotAskedForWhatIsRefused) {
  const HttpTestServer proxy;
  transport_.proxy = Secret(proxy.Url(""));
  EXPECT_TRUE(Fetch("http://hooks.example/").response);
  for (const char* url : {"http://127.0.0.1/", "http://169.254.169.254/latest", "http://localhost/",
                          "http://[::1]/"}) {
    const HttpClientResult result = Fetch(url);
    ASSERT_FALSE(result.response) << url;
    EXPECT_TRUE(result.failure.forbidden) << result.failure.message;
  }
  EXPECT_THAT(proxy.requests(), SizeIs(1));
}

TEST_F(EgressTest, MailGoesNowhereElseEither) {
  const SmtpTestServer server(
      [](std::string_view command) { return testing::PoliteReply(command); });
  testing::NullLogSink no_log;
  const std::unique_ptr<MailClient> client = MakeCurlMailClient(Logger(no_log, "mail"));
  const auto send = [&](const EgressPolicy& judged_by) {
    MailRequest request;
    request.host = "localhost";
    request.port = server.port();
    request.security = MailSecurity::kNone;
    request.from = "a@example.org";
    request.to = {"b@example.org"};
    request.message = "Subject: x\r\n\r\ny\r\n";
    HttpTransport with;
    with.egress = std::make_shared<const EgressPolicy>(judged_by);
    request.transport = std::make_shared<const HttpTransport>(std::move(with));
    std::promise<MailResult> promise;
    client->Send(std::move(request),
                 [&promise](MailResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  };
  const MailResult refused = send({});
  EXPECT_FALSE(refused.accepted);
  EXPECT_TRUE(refused.forbidden);
  EXPECT_THAT(refused.message, HasSubstr("refused by tocsin.egress: localhost is "));
  EXPECT_THAT(server.commands(), IsEmpty());
  EgressPolicy allowed;
  allowed.allow_hosts = {"localhost"};
  EXPECT_TRUE(send(allowed).accepted);
}

// ---- phases

TEST_F(EgressTest, TimesTheStepsOfATransfer) {
  guarded_ = false;
  const HttpTestServer server;
  const HttpClientResult first = Fetch(server.Url());
  EXPECT_TRUE(first.phases.began);
  EXPECT_FALSE(first.phases.reused);
  EXPECT_EQ(first.phases.last, TransferPhase::kExchange);
  EXPECT_GT(first.phases[TransferPhase::kExchange].count(), 0);
  EXPECT_EQ(first.phases[TransferPhase::kTls].count(), 0);
  EXPECT_TRUE(Fetch(server.Url()).phases.reused);
  const LoopbackSocket nobody(LoopbackSocket::Mode::kRefusing);
  EXPECT_EQ(Fetch(nobody.Url("/")).phases.last, TransferPhase::kConnect);
  const SmtpTestServer no_tls(
      [](std::string_view command) { return testing::PoliteReply(command); });
  EXPECT_EQ(Fetch("https://127.0.0.1:" + std::to_string(no_tls.port())).phases.last,
            TransferPhase::kTls);
}

}  // namespace
}  // namespace tocsin
