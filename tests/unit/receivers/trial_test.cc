#include "receivers/trial/trial.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <utility>

#include "receivers/templates/default_templates.h"
#include "receivers/trial/secret_mask.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/config/loading.h"
#include "tests/unit/receivers/aws_samples.h"
#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kSecret[] = "S3cr3t&Plant";

// Answers everything at once, alike.
class AnsweringHttpClient final : public HttpClient {
 public:
  void Send(HttpClientRequest request, Done done) override {
    requests.push_back(std::move(request));
    HttpClientResult result = answer;
    result.phases.began = true;
    result.phases.last = TransferPhase::kExchange;
    result.phases.took = {std::chrono::microseconds(0), std::chrono::microseconds(1500),
                          std::chrono::microseconds(0), std::chrono::microseconds(2000)};
    done(std::move(result));
  }
  void Cancel(const void* /*owner*/) override {}

  std::vector<HttpClientRequest> requests;
  HttpClientResult answer;
};

class TrialTest : public ::testing::Test {
 protected:
  TrialTest() { http_.answer.response = HttpClientResponse{200, {}, "ok"}; }

  // A receiver `ops` of tocsin.yml with these channels.
  std::vector<ChannelTrial> Native(const std::string& channels) {
    NativeTargets native;
    native.receivers =
        config::GoodSettings("tocsin: {receivers: [{name: ops, " + channels + "}]}\n").receivers;
    native.default_receivers = {"ops"};
    Result<PipelineGraphPtr> graph = BuildDefaultGraph(native, Context());
    EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.message());
    return Try(**graph);
  }
  std::vector<ChannelTrial> OfTree(const std::string& list, const std::string& item) {
    config::AlertmanagerFileOptions options;
    options.make_templates = [this] { return MakeDefaultTemplates(world_.clock); };
    auto settings = std::make_shared<const config::AlertmanagerSettings>(
        config::GoodAlertmanager(config::FileWith(list, item, ""), options));
    Result<PipelineGraphPtr> graph = BuildPipelineGraph(settings, Context());
    EXPECT_TRUE(graph.ok()) << (graph.ok() ? "" : graph.message());
    return Try(**graph);
  }

  ChannelContext Context() {
    const ChannelContext world = world_.Context();
    return {http_,         world.mail, world.clock,     world.metrics,
            world.console, executor_,  world.host_name, world.egress};
  }

  // Every text that is shown.
  static std::string All(const std::vector<ChannelTrial>& trials) {
    std::string all = TrialReport(trials, /*render_only=*/false);
    for (const ChannelTrial& trial : trials) all += trial.outcome.reason + trial.outcome.advice;
    return all;
  }

  TrialOrder order_ = [] {
    TrialOrder order;
    order.receiver = "ops";
    return order;
  }();
  ChannelWorld world_;
  AnsweringHttpClient http_;

 private:
  std::vector<ChannelTrial> Try(const PipelineGraph& graph) {
    Result<std::vector<ChannelTrial>> trials = TryReceiver(graph, order_, Context());
    error_ = trials ? "" : trials.message();
    return trials ? *std::move(trials) : std::vector<ChannelTrial>();
  }

  // At once, on the same thread.
  class InlineExecutor final : public Executor {
   public:
    bool TrySubmit(Job&& job) override {
      job();
      return true;
    }
  } executor_;

 protected:
  std::string error_;
};

TEST_F(TrialTest, ShowsWhatWasSentWhatCameBackAndHowLongItTook) {
  http_.answer.response = HttpClientResponse{202, {{"x-id", "7"}}, R"({"queued":true})"};
  const std::vector<ChannelTrial> trials =
      Native("webhook: {url: 'https://hook.example/in', format: alertmanager}");
  ASSERT_THAT(trials, SizeIs(1)) << error_;
  EXPECT_EQ(trials[0].integration, "webhook");
  EXPECT_EQ(trials[0].outcome.kind, Outcome::Kind::kDelivered);
  ASSERT_THAT(trials[0].exchanges, SizeIs(1));
  const TrialExchange& exchange = trials[0].exchanges[0];
  EXPECT_THAT(exchange.body,
              AllOf(HasSubstr(R"("alertname":"TocsinTest")"), HasSubstr("Nothing is wrong")));
  EXPECT_EQ(exchange.status, 202);
  EXPECT_EQ(exchange.answer, R"({"queued":true})");
  EXPECT_EQ(http_.requests.at(0).body, exchange.body);
  const std::string report = TrialReport(trials, /*render_only=*/false);
  EXPECT_THAT(report, HasSubstr("webhook\n  > POST https://hook.example/"));
  EXPECT_THAT(report, HasSubstr("  < 202\n    x-id: 7\n      {\"queued\":true}\n"));
  EXPECT_THAT(report, HasSubstr("    took connect 1.5 ms, exchange 2.0 ms\n  delivered\n"));
}

TEST_F(TrialTest, SendsNothingWhereItOnlyRenders) {
  order_.render_only = true;
  const std::vector<ChannelTrial> trials = Native(
      "slack: {webhook_url: 'https://hooks.slack.example/T/B/X'}, console: {}, "
      "email: {smarthost: 'mail.example:25', to: 'a@example.org', from: 'b@example.org'}");
  EXPECT_THAT(http_.requests, IsEmpty());
  EXPECT_THAT(world_.mail.exchanges, IsEmpty());
  EXPECT_THAT(world_.written, IsEmpty());
  ASSERT_THAT(trials, SizeIs(3)) << error_;
  const std::string report = TrialReport(trials, /*render_only=*/true);
  EXPECT_THAT(report, HasSubstr("console\n  > PRINT to the console\n"));
  EXPECT_THAT(report, HasSubstr("email\n  > MAIL mail.example:25 from b@example.org to "
                                "a@example.org\n"));
  EXPECT_THAT(report, HasSubstr("slack\n  > POST https://hooks.slack.example/"));
  EXPECT_THAT(report, HasSubstr("TocsinTest"));
  EXPECT_THAT(report, Not(HasSubstr("  < ")));
}

TEST_F(TrialTest, RendersTheRequestBehindAnOAuth2Token) {
  order_.render_only = true;
  const std::vector<ChannelTrial> trials = OfTree(
      "webhook_configs",
      "{url: 'https://hook.example/', http_config: {oauth2: {client_id: me, client_secret: abcdef, "
      "token_url: 'https://idp.example/token'}}}");
  ASSERT_THAT(trials, SizeIs(1)) << error_;
  ASSERT_THAT(trials[0].exchanges, SizeIs(1));
  EXPECT_EQ(trials[0].exchanges[0].request, "POST https://hook.example/");
}

constexpr char kRole[] =
    "{topic_arn: t, sigv4: {region: r, access_key: AKID, secret_key: abcdef, role_arn: 'arn:x'}}";

TEST_F(TrialTest, ShowsThatAwsIsAskedForKeysAndNothingOfThem) {
  http_.answer.response = HttpClientResponse{200, {}, StsAnswer("ASIA", "2099-01-01T00:00:00Z")};
  const std::vector<ChannelTrial> trials = OfTree("sns_configs", kRole);
  ASSERT_THAT(trials, SizeIs(1)) << error_;
  const std::vector<TrialExchange>& exchanges = trials[0].exchanges;
  ASSERT_THAT(exchanges, SizeIs(2));
  EXPECT_EQ(exchanges[0].request, "POST https://sts.r.amazonaws.com/");
  EXPECT_EQ(exchanges[0].status, 200);
  EXPECT_EQ(exchanges[0].body + exchanges[0].answer, "");
  EXPECT_EQ(exchanges[1].request, "POST https://sns.r.amazonaws.com/");
  EXPECT_THAT(exchanges[1].headers, Contains(Pair("X-Amz-Security-Token", "<secret>")));
  EXPECT_THAT(exchanges[1].headers, Contains(Pair("Authorization", "<secret>")));
  EXPECT_THAT(exchanges[1].body, HasSubstr("Action=Publish"));
}

TEST_F(TrialTest, RendersTheRequestBehindAwssKeys) {
  order_.render_only = true;
  const std::vector<ChannelTrial> trials = OfTree("sns_configs", kRole);
  ASSERT_THAT(trials, SizeIs(1)) << error_;
  ASSERT_THAT(trials[0].exchanges, SizeIs(1));
  EXPECT_EQ(trials[0].exchanges[0].request, "POST https://sns.r.amazonaws.com/");
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(TrialTest, TellsOfEachChannelAndWhyItFailed) {
  http_.answer.response = HttpClientResponse{401, {}, "who are you?"};
  const std::vector<ChannelTrial> trials =
      Native("webhook: {url: 'https://hook.example/'}, ntfy: {topic: ops}");
  ASSERT_THAT(trials, SizeIs(2)) << error_;
  for (const ChannelTrial& trial : trials) {
    EXPECT_EQ(trial.outcome.kind, Outcome::Kind::kGiveUp);
    EXPECT_THAT(trial.exchanges, SizeIs(1));
  }
  EXPECT_THAT(TrialReport(trials, false), HasSubstr("  failed for good: HTTP status 401: \"who are "
                                                    "you?\" (check the receiver's credentials"));
}

TEST_F(TrialTest, TellsOfTheAlertsThatItIsGiven) {
  PostedAlert alert;
  alert.labels = LabelsBuilder().Set("alertname", "DiskFull").Set("instance", "db-1").Build();
  alert.starts_at = world_.clock.Now() - std::chrono::hours(1);
  alert.ends_at = world_.clock.Now() - std::chrono::minutes(1);
  order_.alerts = {alert};
  OfTree("webhook_configs", "{url: 'https://hook.example/'}");
  ASSERT_THAT(http_.requests, SizeIs(1)) << error_;
  EXPECT_THAT(http_.requests[0].body,
              AllOf(HasSubstr(R"("status":"resolved")"), HasSubstr(R"("alertname":"DiskFull")")));
}

TEST_F(TrialTest, KnowsWhichReceiversThereAre) {
  order_.receiver = "opps";
  Native("console: {}");
  EXPECT_EQ(error_, "there is no receiver \"opps\"; configured: ops, console");
}

TEST_F(TrialTest, ATerminalIsSafeFromWhatServersSay) {
  http_.answer.response = HttpClientResponse{500, {}, "\x1b[2Jgone\r\n\xff\xc2\x9b"};
  const std::string report = TrialReport(Native("webhook: {url: 'https://hook.example/'}"), false);
  EXPECT_THAT(report, HasSubstr("\uFFFD[2Jgone\n"));
  EXPECT_THAT(report, Not(HasSubstr("\x1b")));
  EXPECT_TRUE(report.find('\r') == std::string::npos);
}

// ---- secrets

TEST_F(TrialTest, HidesEverySecretWhateverFormItTakes) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/secret";
  std::ofstream(file) << kSecret << "\n";
  // The server repeats what it was told.
  http_.answer.response =
      HttpClientResponse{400, {{"x-echo", kSecret}}, fmt::format("bad key {}", kSecret)};
  std::string all = All(Native(fmt::format(
      "webhook: {{url: 'https://hook.example/{0}', headers: {{X-Own: '{0}'}}}}, "
      "slack: {{webhook_url: 'https://hooks.slack.example/{0}'}}, "
      "pagerduty: {{routing_key: '{0}', http_config: {{basic_auth: {{username: a, password: "
      "'{0}'}}}}}}, "
      "ntfy: {{topic: ops, token_file: '{1}'}}, "
      "matrix: {{homeserver: 'https://matrix.example', room_id: '!a:b', access_token: '{0}'}}",
      kSecret, file)));
  all += All(OfTree(
      "telegram_configs",
      fmt::format("{{bot_token: '{}', chat_id: 5, api_url: 'https://tg.example'}}", kSecret)));
  all += All(OfTree("pushover_configs",
                    fmt::format("{{user_key: '{0}', token: '{0}', http_config: {{proxy_url: "
                                "'http://u:{0}@proxy.example'}}}}",
                                kSecret)));
  EXPECT_THAT(http_.requests, SizeIs(7)) << error_;
  EXPECT_THAT(all, HasSubstr(kSecretText));
  for (const char* planted : {kSecret, "S3cr3t%26Plant", "S3cr3t\\u0026Plant"}) {
    EXPECT_THAT(all, Not(HasSubstr(planted)));
  }
}

TEST_F(TrialTest, HidesWhatIsSecretOfAnAddressAndShowsTheRest) {
  config::ChannelSettings settings;
  settings.webhook.url = Secret("https://hook.example/T0P/S3CRET");
  SecretMask mask;
  mask.Add(settings);
  EXPECT_EQ(mask.HideUrl("https://hook.example/T0P/S3CRET?x=1"),
            RedactUrl("https://hook.example/T0P/S3CRET?x=1"));
  EXPECT_EQ(mask.HideUrl("https://other.example/path"), "https://other.example/path");
  EXPECT_EQ(mask.HideHeader("Authorization", "Bearer anything"), kSecretText);
  EXPECT_EQ(mask.HideHeader("Content-Type", "text/plain"), "text/plain");
}

// Some repeat what comes behind their name, or the header of a login.
TEST_F(TrialTest, HidesWhatAServerRepeatsOfARequest) {
  config::ChannelSettings settings;
  settings.webhook.url =
      Secret("https://u:pass-w0rd@hook.example/services/T0P-S3CRET?sig=k3y-of-it");
  settings.http.basic_auth = config::BasicAuthConfig();
  settings.http.basic_auth->username = "me";
  settings.http.basic_auth->password = Secret("s3cret");
  SecretMask mask;
  mask.Add(settings);
  EXPECT_EQ(mask.Hide("POST /services/T0P-S3CRET?sig=k3y-of-it HTTP/1.1"),
            "POST /services/<secret>?sig=<secret> HTTP/1.1");
  // Base64 of me:s3cret and of u:pass-w0rd.
  EXPECT_EQ(mask.Hide("Basic bWU6czNjcmV0, Basic dTpwYXNzLXcwcmQ="),
            "Basic <secret>, Basic <secret>");
}

}  // namespace
}  // namespace tocsin::receivers
