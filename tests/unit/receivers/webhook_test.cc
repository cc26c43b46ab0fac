// The webhook channel: bodies, headers, and what its failures say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "receivers/channels/hmac_sha256.h"
#include "tests/support/http_test_server.h"
#include "tests/support/null_log.h"
#include "tests/unit/receivers/channel_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::HttpTestServer;
using tocsin::testing::LoopbackSocket;
using tocsin::testing::MetricValue;
using tocsin::testing::Resolved;

using Json = nlohmann::json;
using Headers = std::vector<std::pair<std::string, std::string>>;

config::ChannelSettings HookSettings(config::WebhookFormat format = config::WebhookFormat::kSeed,
                                     const std::string& url = "http://127.0.0.1:9000/hook") {
  config::ChannelSettings settings;
  settings.type = "webhook";
  settings.webhook.url = Secret(url);
  settings.webhook.format = format;
  return settings;
}

HttpClientRequest RequestOf(ChannelWorld* world, const config::ChannelSettings& settings,
                            std::vector<AlertPtr> alerts,
                            NotificationStatus status = NotificationStatus::kFiring,
                            std::uint32_t flush_number = 1) {
  const std::unique_ptr<Channel> channel = world->Make(settings);
  world->Deliver(*channel, std::move(alerts), status, flush_number);
  const HttpClientRequest request = world->http.request(world->http.sent() - 1);
  world->http.Answer(world->http.sent() - 1, 200);
  return request;
}

// ---- the body of the alerting API

TEST(WebhookSeedBody, TellsOfAnAlertThatFires) {
  ChannelWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  const HttpClientRequest request = RequestOf(&world, HookSettings(), {alert});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://127.0.0.1:9000/hook");
  EXPECT_EQ(Json::parse(request.body), Json::parse(R"({
    "version": "1",
    "alert": {
      "id": "e1",
      "name": "High CPU Usage",
      "rule_name": "High CPU Usage",
      "description": "CPU usage is high",
      "severity": "high",
      "status": "active",
      "metric_name": "system.cpu.usage",
      "metric_value": "85.5",
      "threshold": "80.0",
      "triggered_at": "2024-05-01T10:00:00.123Z",
      "resolved_at": null,
      "resolved_reason": null,
      "metadata": {"host": "web-1"},
      "fingerprint": ")" + alert->fingerprint_text() +
                                                   R"(",
      "message": "CPU usage is high"
    },
    "rule": {
      "id": "rule-1",
      "name": "High CPU Usage",
      "condition": ">",
      "threshold": "80.0",
      "duration": 60
    }
  })"));
}

TEST(WebhookSeedBody, HasTheLinksOfItsRule) {
  ChannelWorld world;
  auto rule = CpuUsageRule();
  rule->runbook_url = "https://wiki/cpu";
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {FiringAlert(rule, "e1")}).body);
  EXPECT_EQ(body["rule"]["runbook_url"], "https://wiki/cpu");
  EXPECT_FALSE(body["rule"].contains("dashboard_url"));
}

TEST(Webhook, SignsItsBody) {
  for (const config::WebhookFormat format :
       {config::WebhookFormat::kSeed, config::WebhookFormat::kAlertmanager}) {
    ChannelWorld world;
    config::ChannelSettings settings = HookSettings(format);
    const auto signature = [&] {
      const auto request = RequestOf(&world, settings, {FiringAlert(CpuUsageRule(), "e1")});
      for (const auto& [name, value] : request.headers) {
        if (name == "X-Tocsin-Signature") {
          return value == "sha256=" + HmacSha256Hex("s3cret", request.body) ? "good" : "bad";
        }
      }
      return "none";
    };
    EXPECT_STREQ(signature(), "none");
    settings.webhook.signing_secret = Secret("s3cret");
    EXPECT_STREQ(signature(), "good");
  }
}

TEST(Webhook, SendsNothingThatItCannotSign) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.webhook.signing_secret_file = "/no/such/file";
  const std::unique_ptr<Channel> channel = world.Make(settings);
  world.Deliver(*channel, {FiringAlert(CpuUsageRule(), "e1")});
  EXPECT_EQ(world.http.sent(), 0U);
  ASSERT_EQ(world.outcomes.size(), 1U);
  EXPECT_EQ(world.outcomes[0].kind, Outcome::Kind::kGiveUp);
  EXPECT_THAT(world.outcomes[0].reason, HasSubstr("signing_secret_file: "));
}

TEST(WebhookSeedBody, TellsOfARecovery) {
  ChannelWorld world;
  const auto alert = Resolved(*FiringAlert(CpuUsageRule(), "e1"));
  const Json body = Json::parse(
      RequestOf(&world, HookSettings(), {alert}, NotificationStatus::kResolved, 2).body);
  EXPECT_EQ(body["alert"]["status"], "resolved");
  EXPECT_EQ(body["alert"]["triggered_at"], "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(body["alert"]["resolved_at"], "2024-05-01T10:02:00.123Z");
  EXPECT_EQ(body["alert"]["resolved_reason"], "recovered");
  EXPECT_EQ(body["alert"]["metric_value"], "75.0");
}

TEST(WebhookSeedBody, SaysThatDataStoppedAndNotThatTheValueRecovered) {
  ChannelWorld world;
  const auto alert = Resolved(*FiringAlert(CpuUsageRule(), "e1"), ResolveReason::kStale);
  const Json body = Json::parse(
      RequestOf(&world, HookSettings(), {alert}, NotificationStatus::kResolved, 2).body);
  EXPECT_EQ(body["alert"]["resolved_reason"], "stale");
}

TEST(WebhookSeedBody, CarriesTheRulesTemplateFilledIn) {
  ChannelWorld world;
  auto rule = CpuUsageRule();
  rule->notification_template = "CPU usage is at {value}% on {host}, {nobody}";
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {FiringAlert(rule, "e1")}).body);
  EXPECT_EQ(body["alert"]["message"], "CPU usage is at 85.5% on web-1, {nobody}");
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_template_unknown_placeholders_total"), 1);
}

TEST(WebhookSeedBody, HasNullForADescriptionThatTheRuleHasNot) {
  ChannelWorld world;
  auto rule = CpuUsageRule();
  rule->description = "";
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {FiringAlert(rule, "e1")}).body);
  EXPECT_EQ(body["alert"]["description"], Json());
  EXPECT_EQ(body["alert"]["message"], "High CPU Usage: system.cpu.usage > 80.0 (value 85.5)");
}

TEST(WebhookSeedBody, IsNotBrokenByAnyName) {
  ChannelWorld world;
  auto rule = CpuUsageRule();
  const std::string hostile = "a\"b\\c\n\t</script>{\xe2\x98\x95}";
  rule->name = hostile;
  rule->description = hostile;
  const auto alert = FiringAlert(rule, "e1", hostile);
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {alert}).body);
  EXPECT_EQ(body["alert"]["name"], hostile);
  EXPECT_EQ(body["alert"]["description"], hostile);
  EXPECT_EQ(body["alert"]["metadata"]["host"], hostile);
}

TEST(WebhookSeedBody, ReplacesBytesThatAreNoUtf8) {
  ChannelWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1", "bad\xff");
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {alert}).body);
  EXPECT_EQ(body["alert"]["metadata"]["host"], "bad\xef\xbf\xbd");
}

TEST(WebhookSeedBody, ShowsValuesThatJsonHasNoNumberFor) {
  ChannelWorld world;
  auto alert = FiringAlert(CpuUsageRule(), "e1");
  alert->value = std::numeric_limits<double>::infinity();
  const Json body = Json::parse(RequestOf(&world, HookSettings(), {alert}).body);
  EXPECT_TRUE(body["alert"]["metric_value"].is_string());
}

// ---- Alertmanager's body

config::ChannelSettings V4() { return HookSettings(config::WebhookFormat::kAlertmanager); }

// The second label set of Alertmanager's own fingerprint table.
std::shared_ptr<Alert> FooAlert() {
  auto alert = FiringAlert(CpuUsageRule(), "e1");
  alert->labels = Labels{{"alertname", "Foo"}, {"service", "db"}, {"severity", "critical"}};
  return alert;
}

TEST(WebhookAlertmanagerBody, TellsOfAnAlertThatFires) {
  ChannelWorld world;
  const HttpClientRequest request = RequestOf(&world, V4(), {FooAlert()});
  EXPECT_EQ(request.body.back(), '\n');
  EXPECT_EQ(Json::parse(request.body), Json::parse(R"({
    "receiver": "ops",
    "status": "firing",
    "alerts": [{
      "status": "firing",
      "labels": {"alertname": "Foo", "service": "db", "severity": "critical"},
      "annotations": {"summary": "High CPU Usage", "description": "CPU usage is high"},
      "startsAt": "2024-05-01T10:00:00.123Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "",
      "fingerprint": "0c3038b95366f55b"
    }],
    "notification_reason": "first notification",
    "groupLabels": {"alertname": "Foo", "service": "db", "severity": "critical"},
    "commonLabels": {"alertname": "Foo", "service": "db", "severity": "critical"},
    "commonAnnotations": {"summary": "High CPU Usage", "description": "CPU usage is high"},
    "routeLabels": {},
    "externalURL": "http://tocsin:9095",
    "version": "4",
    "groupKey": "{}:{alertname=\"Foo\", service=\"db\", severity=\"critical\"}",
    "truncatedAlerts": 0
  })"));
}

TEST(WebhookAlertmanagerBody, TellsOfARecovery) {
  ChannelWorld world;
  const Json body = Json::parse(
      RequestOf(&world, V4(), {Resolved(*FooAlert())}, NotificationStatus::kResolved, 2).body);
  EXPECT_EQ(body["status"], "resolved");
  EXPECT_EQ(body["notification_reason"], "all alerts resolved");
  EXPECT_EQ(body["alerts"][0]["status"], "resolved");
  EXPECT_EQ(body["alerts"][0]["startsAt"], "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(body["alerts"][0]["endsAt"], "2024-05-01T10:02:00.123Z");
  EXPECT_EQ(body["alerts"][0]["fingerprint"], "0c3038b95366f55b");
  EXPECT_EQ(body["alerts"][0]["annotations"],
            Json({{"summary", "High CPU Usage"}, {"description", "CPU usage is high"}}));
}

TEST(WebhookAlertmanagerBody, SaysWhyAnAlertResolvedThatDidNotRecover) {
  ChannelWorld world;
  const Json body =
      Json::parse(RequestOf(&world, V4(), {Resolved(*FooAlert(), ResolveReason::kStale)},
                            NotificationStatus::kResolved, 2)
                      .body);
  EXPECT_EQ(body["alerts"][0]["annotations"]["resolved_reason"], "stale");
}

TEST(WebhookAlertmanagerBody, TellsARepetitionFromTheFirstNotification) {
  ChannelWorld world;
  const Json body =
      Json::parse(RequestOf(&world, V4(), {FooAlert()}, NotificationStatus::kFiring, 2).body);
  EXPECT_EQ(body["notification_reason"], "repeat interval elapsed");
}

TEST(WebhookAlertmanagerBody, HasTheTemplateAsSummary) {
  ChannelWorld world;
  auto rule = CpuUsageRule();
  rule->description = "";
  rule->notification_template = "{value}% on {host}";
  const Json body = Json::parse(RequestOf(&world, V4(), {FiringAlert(rule, "e1")}).body);
  EXPECT_EQ(body["commonAnnotations"], Json({{"summary", "85.5% on web-1"}}));
}

TEST(WebhookAlertmanagerBody, ListsWhatAllAlertsHaveInCommon) {
  ChannelWorld world;
  auto a = FooAlert();
  auto b = FooAlert();
  b->labels = Labels{{"alertname", "Foo"}, {"service", "web"}, {"zone", "eu"}};
  auto other_rule = CpuUsageRule();
  other_rule->description = "another";
  b->rule = other_rule;
  const Json body = Json::parse(RequestOf(&world, V4(), {a, b}).body);
  EXPECT_EQ(body["alerts"].size(), 2U);
  EXPECT_EQ(body["commonLabels"], Json({{"alertname", "Foo"}}));
  EXPECT_EQ(body["commonAnnotations"], Json({{"summary", "High CPU Usage"}}));
}

TEST(WebhookAlertmanagerBody, HasObjectsWhereNothingIsInCommon) {
  ChannelWorld world;
  auto a = FooAlert();
  auto b = FooAlert();
  a->labels = Labels{{"a", "1"}};
  b->labels = Labels{{"b", "1"}};
  EXPECT_EQ(Json::parse(RequestOf(&world, V4(), {a, b}).body)["commonLabels"], Json::object());
}

// ---- headers

TEST(Webhook, SendsJsonUnderTheMessagesKey) {
  ChannelWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  EXPECT_EQ(RequestOf(&world, HookSettings(), {alert}).headers,
            Headers({{"Content-Type", "application/json"}, {"Idempotency-Key", "e1-firing-1"}}));
  EXPECT_EQ(RequestOf(&world, HookSettings(), {alert}, NotificationStatus::kResolved, 2).headers,
            Headers({{"Content-Type", "application/json"}, {"Idempotency-Key", "e1-resolved-2"}}));
}

TEST(Webhook, SendsTheConfiguredHeadersAndLetsThemWin) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.webhook.headers = {{"X-Team", Secret("sre")}, {"content-type", Secret("text/json")}};
  EXPECT_EQ(
      RequestOf(&world, settings, {FiringAlert(CpuUsageRule(), "e1")}).headers,
      Headers(
          {{"X-Team", "sre"}, {"content-type", "text/json"}, {"Idempotency-Key", "e1-firing-1"}}));
}

TEST(Webhook, FollowsNoRedirectsAndHasADeadline) {
  ChannelWorld world;
  const HttpClientRequest request =
      RequestOf(&world, HookSettings(), {FiringAlert(CpuUsageRule(), "e1")});
  EXPECT_FALSE(request.follow_redirects);
  EXPECT_EQ(request.timeout, Duration(10'000));
}

// So that servers that hang in their answers cost little, and long ones are as good as short ones.
TEST(Webhook, KeepsLittleOfAnAnswer) {
  ChannelWorld world;
  const HttpClientRequest request =
      RequestOf(&world, HookSettings(), {FiringAlert(CpuUsageRule(), "e1")});
  EXPECT_TRUE(request.cut_response);
  EXPECT_EQ(request.max_response_bytes, 65'536U);
}

// ---- settings

TEST(Webhook, SendsAsItsHttpConfigSays) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.http.basic_auth = config::BasicAuthConfig();
  settings.http.basic_auth->username = "ops";
  settings.http.basic_auth->password = Secret("s3cret");
  settings.http.headers = {{"X-Team", {"storage"}, {}, {}}};
  settings.http.enable_http2 = false;
  settings.http.follow_redirects = true;
  const HttpClientRequest request =
      RequestOf(&world, settings, {FiringAlert(CpuUsageRule(), "e1")});
  EXPECT_THAT(request.headers,
              ::testing::IsSupersetOf(Headers{{"Authorization", "Basic b3BzOnMzY3JldA=="},
                                              {"X-Team", "storage"},
                                              {"Content-Type", "application/json"}}));
  EXPECT_FALSE(request.transport->http2);
  EXPECT_FALSE(request.follow_redirects) << "whatever it says";
}

TEST(Webhook, RefusesAnHttpConfigThatCannotBeWorkedWith) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.http.tls.ca_file = "/nonexistent/ca.pem";
  const Result<BuiltChannel> built = MakeChannel(settings, world.Context());
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.message(), HasSubstr("/nonexistent/ca.pem"));
}

TEST(Webhook, TellsThePipelineItsTimeoutAndWhetherItWantsResolutions) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.webhook.timeout = Duration(1500);
  settings.webhook.send_resolved = false;
  const Result<BuiltChannel> built = MakeChannel(settings, world.Context());
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built->timeout, Duration(1500));
  EXPECT_FALSE(built->send_resolved);
}

TEST(Webhook, RefusesAnAddressThatIsNoneWithoutSayingIt) {
  ChannelWorld world;
  for (const char* url : {"", "ftp://hooks/s3cret", "s3cret", "http://u:s3cret@hooks/",
                          "http://ho oks/s3cret", "http:///s3cret", "http://hooks:99999/s3cret"}) {
    const Result<BuiltChannel> built =
        MakeChannel(HookSettings(config::WebhookFormat::kSeed, url), world.Context());
    ASSERT_FALSE(built.ok()) << url;
    EXPECT_THAT(built.message(), HasSubstr("webhook: url")) << url;
    EXPECT_THAT(built.message(), Not(HasSubstr("s3cret"))) << url;
  }
}

TEST(Webhook, RefusesATimeoutOfZero) {
  ChannelWorld world;
  config::ChannelSettings settings = HookSettings();
  settings.webhook.timeout = Duration(0);
  EXPECT_FALSE(MakeChannel(settings, world.Context()).ok());
}

TEST(Channels, NameThoseThatExistWhenOneDoesNot) {
  ChannelWorld world;
  config::ChannelSettings settings;
  settings.type = "pigeon";
  const Result<BuiltChannel> built = MakeChannel(settings, world.Context());
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(
      built.message(),
      "unknown channel \"pigeon\"; known: email, slack, discord, teams, pagerduty, opsgenie, "
      "victorops, incidentio, jira, sns, ntfy, matrix, googlechat, telegram, pushover, webex, "
      "mattermost, rocketchat, wechat, sms, webhook, console");
}

TEST(Webhook, SpeaksHttp2WhereItIsOffered) {
  ChannelWorld world;
  const HttpClientRequest request =
      RequestOf(&world, HookSettings(), {FiringAlert(CpuUsageRule(), "e1")});
  ASSERT_NE(request.transport, nullptr);
  EXPECT_TRUE(request.transport->http2);
}

// ---- outcomes

TEST(Webhook, ReportsWhatTheReceiverAnswered) {
  ChannelWorld world;
  const std::unique_ptr<Channel> channel = world.Make(HookSettings());
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  for (const int status : {200, 503, 404}) {
    world.Deliver(*channel, {alert});
    world.http.Answer(world.http.sent() - 1, status);
  }
  ASSERT_EQ(world.outcomes.size(), 3U);
  EXPECT_EQ(world.outcomes[0].kind, Outcome::Kind::kDelivered);
  EXPECT_EQ(world.outcomes[1].kind, Outcome::Kind::kRetry);
  EXPECT_EQ(world.outcomes[2].kind, Outcome::Kind::kGiveUp);
}

// Through a real client: what it says about its failures ends in logs, metrics and the API.
class WebhookOverHttp : public ::testing::Test {
 protected:
  Outcome DeliverTo(const std::string& url, Duration timeout = std::chrono::seconds(10)) {
    config::ChannelSettings settings = HookSettings(config::WebhookFormat::kSeed, url);
    settings.webhook.headers = {{"Authorization", Secret("Bearer s3cret-header")}};
    const ChannelContext context{*http_, mail_, clock_, metrics_, nullptr, executor_};
    Result<BuiltChannel> built = MakeChannel(settings, context);
    EXPECT_TRUE(built.ok());
    const auto alert = FiringAlert(CpuUsageRule(), "e1");
    Notification notification;
    notification.receiver = "ops";
    notification.alerts = {alert};
    notification.dedup_key = "e1";
    Mutex mu;
    CondVar ended;
    std::optional<Outcome> outcome;
    built->channel->Deliver(notification, timeout, [&](Outcome o) {
      MutexLock lock(mu);
      outcome = std::move(o);
      ended.NotifyAll();
    });
    MutexLock lock(mu);
    while (!outcome) ended.Wait(mu);
    EXPECT_THAT(outcome->reason + outcome->advice, Not(HasSubstr("s3cret")));
    return *outcome;
  }

 private:
  testing::NullLogSink log_;
  testing::FakeClock clock_;
  MetricRegistry metrics_;
  QueueExecutor executor_;
  testing::FakeMailClient mail_;
  std::unique_ptr<HttpClient> http_ = MakeCurlHttpClient("test", Logger(log_, "http"));
};

TEST_F(WebhookOverHttp, DeliversToAReceiverThatTakesIt) {
  HttpTestServer server;
  const Outcome outcome = DeliverTo(server.Url("/s3cret-path?token=s3cret-query"));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kDelivered);
  ASSERT_EQ(server.requests().size(), 1U);
  const testing::TestRequest request = server.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/s3cret-path?token=s3cret-query");
  EXPECT_EQ(request.Header("content-type"), "application/json");
  EXPECT_EQ(request.Header("idempotency-key"), "e1-firing-1");
  EXPECT_EQ(request.Header("authorization"), "Bearer s3cret-header");
  EXPECT_EQ(Json::parse(request.body)["alert"]["id"], "e1");
}

TEST_F(WebhookOverHttp, RetriesWhenNobodyListens) {
  const LoopbackSocket nobody(LoopbackSocket::Mode::kRefusing);
  const Outcome outcome = DeliverTo(nobody.Url("/s3cret-path"));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry);
  EXPECT_EQ(outcome.failure, Failure::kNetwork);
  EXPECT_FALSE(outcome.may_have_arrived);
  EXPECT_FALSE(outcome.reason.empty());
}

TEST_F(WebhookOverHttp, RetriesAReceiverThatHangsAndCountsItAsPerhapsTold) {
  testing::TestReply never;
  never.fate = testing::TestReply::Fate::kHang;
  HttpTestServer server(never);
  const Outcome outcome = DeliverTo(server.Url("/s3cret-path"), Duration(100));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry);
  EXPECT_EQ(outcome.failure, Failure::kTimeout);
  EXPECT_TRUE(outcome.may_have_arrived);
}

TEST_F(WebhookOverHttp, FollowsNoRedirect) {
  HttpTestServer target;
  testing::TestReply elsewhere;
  elsewhere.status = 302;
  elsewhere.headers = {{"Location", target.Url("/s3cret")}};
  HttpTestServer server(elsewhere);
  const Outcome outcome = DeliverTo(server.Url("/s3cret-path"));
  EXPECT_EQ(outcome.kind, Outcome::Kind::kGiveUp);
  EXPECT_THAT(outcome.advice, HasSubstr("redirects are not followed"));
  EXPECT_EQ(target.requests().size(), 0U);
}

}  // namespace
}  // namespace tocsin::receivers
