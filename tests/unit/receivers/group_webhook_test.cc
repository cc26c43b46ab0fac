#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/text.h"
#include "config/yaml_print.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/default_templates.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/group_notifications.h"
#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using Kind = Outcome::Kind;

void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::trunc) << text;
}

config::YamlNode PayloadOf(const std::string& yaml) {
  config::Diagnostics diagnostics;
  config::FileReport report("payload.yml", diagnostics);
  return config::ParseYaml(yaml, report).value_or(config::YamlNode());
}

class GroupWebhookTest : public ::testing::Test {
 public:
  GroupWebhookTest() {
    settings.type = "webhook";
    SetUrl("http://hook/secret");
  }
  void SetUrl(const std::string& url) {
    settings.keys.Set("url", config::YamlText(kSecretText));
    settings.keys.SetSecret("url", Secret(url));
  }
  void SetUrlFile(const std::string& path) { SetKey("url_file", path); }
  void SetKey(std::string_view key, const std::string& text) {
    settings.keys.Set(key, config::YamlText(text));
  }
  // Sends one attempt; its body.
  std::string Deliver(const GroupNotification& notification, Duration timeout = 10 * kSecond) {
    Result<std::unique_ptr<GroupChannel>> channel = MakeVendorChannel(
        MakeGroupWebhook, settings, std::make_shared<const gotemplate::TemplateSet>(templates),
        world.Context());
    EXPECT_TRUE(channel.ok());
    const std::size_t sent = world.http.sent();
    (*channel)->Deliver(notification, timeout,
                        [this](Outcome outcome) { outcomes.push_back(std::move(outcome)); });
    channels.push_back(*std::move(channel));
    return world.http.sent() == sent ? "" : world.http.request(sent).body;
  }
  HttpClientRequest Request() const { return world.http.request(world.http.sent() - 1); }

  // The reason of the last attempt, which was given up without asking anybody.
  std::string WhyGivenUp() const {
    EXPECT_EQ(world.http.sent(), 0U);
    if (outcomes.empty() || outcomes.back().kind != Outcome::Kind::kGiveUp) return "not given up";
    return outcomes.back().reason;
  }

  ChannelWorld world;
  gotemplate::TemplateSet templates = MakeDefaultTemplates(world.clock);
  config::AlertmanagerIntegration settings;
  std::vector<std::unique_ptr<GroupChannel>> channels;
  std::vector<Outcome> outcomes;
};

TEST_F(GroupWebhookTest, SendsTheDocumentedBody) {
  EXPECT_EQ(Deliver(About({Fires(DiskFull())})),
            R"({"receiver":"ops","status":"firing","alerts":[{"status":"firing",)"
            R"("labels":{"alertname":"DiskFull","job":"node"},"annotations":{"summary":"98%"},)"
            R"("startsAt":"2026-01-02T03:04:05.678Z","endsAt":"0001-01-01T00:00:00Z",)"
            R"("generatorURL":"http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1",)"
            R"("fingerprint":")" +
                FormatHex64(DiskFull().fingerprint) +
                R"("}],"notification_reason":"first notification",)"
                R"("groupLabels":{"alertname":"DiskFull"},)"
                R"("commonLabels":{"alertname":"DiskFull","job":"node"},)"
                R"("commonAnnotations":{"summary":"98%"},"routeLabels":{},)"
                R"("externalURL":"http://am:9093","version":"4",)"
                R"("groupKey":"{}:{alertname=\"DiskFull\"}","truncatedAlerts":0})"
                "\n");
  EXPECT_EQ(Request().method, "POST");
  EXPECT_EQ(Request().url, "http://hook/secret");
  EXPECT_THAT(Request().headers, Contains(Pair("Content-Type", "application/json")));
}

// The fingerprint is that of Alertmanager's for {alertname="Foo"}.
TEST_F(GroupWebhookTest, ShowsTheEndOfResolvedAlertsOnly) {
  PostedAlert foo = testing::Posted(testing::Named("Foo"), At("2026-01-02T03:04:05Z"),
                                    At("2026-01-02T03:05:00.670Z"), At("2026-01-02T03:05:00Z"));
  GroupNotification notification = About({IsOver(foo)});
  notification.reason = NotificationReason::kAllAlertsResolved;
  notification.route_labels = Labels{{"team", "db"}};
  const std::string body = Deliver(notification);
  EXPECT_THAT(body, HasSubstr(R"("status":"resolved","alerts":[{"status":"resolved",)"
                              R"("labels":{"alertname":"Foo"},"annotations":{},)"
                              R"("startsAt":"2026-01-02T03:04:05Z",)"
                              R"("endsAt":"2026-01-02T03:05:00.67Z","generatorURL":"",)"
                              R"("fingerprint":"f036cc237081686a"}])"));
  EXPECT_THAT(body, HasSubstr(R"("notification_reason":"all alerts resolved")"));
  EXPECT_THAT(body, HasSubstr(R"("routeLabels":{"team":"db"})"));
}

TEST_F(GroupWebhookTest, EscapesTextAsGoDoes) {
  PostedAlert alert = DiskFull();
  alert.annotations = {{"a<b", "<a href=\"x\">&\\\n\t\x01 \xE2\x80\xA8 ☕ \xff"}};
  EXPECT_THAT(Deliver(About({Fires(alert)})),
              HasSubstr(R"("annotations":{"a\u003cb":"\u003ca href=\"x\"\u003e\u0026\\\n\t\u0001 )"
                        "\\u2028 ☕ "));
}

TEST_F(GroupWebhookTest, TellsWhatAlertsHaveInCommon) {
  PostedAlert one = DiskFull();
  one.labels = Labels{{"alertname", "DiskFull"}, {"instance", "1"}, {"job", "node"}};
  one.annotations = {{"runbook", "r"}, {"summary", "98%"}};
  PostedAlert other = DiskFull();
  other.labels = Labels{{"alertname", "DiskFull"}, {"instance", "2"}, {"zone", "z"}};
  other.annotations = {{"runbook", "r"}, {"summary", "99%"}};
  const std::string body = Deliver(About({IsOver(one), Fires(other)}));
  EXPECT_THAT(body, HasSubstr(R"({"receiver":"ops","status":"firing")"));
  EXPECT_THAT(body, HasSubstr(R"("commonLabels":{"alertname":"DiskFull"})"));
  EXPECT_THAT(body, HasSubstr(R"("commonAnnotations":{"runbook":"r"})"));
}

// Common labels and status are those of the alerts that are told.
TEST_F(GroupWebhookTest, TruncatesToMaxAlerts) {
  SetKey("max_alerts", "1");
  PostedAlert first = DiskFull();
  PostedAlert second = DiskFull();
  second.labels = Labels{{"alertname", "Second"}};
  const GroupNotification notification = About({IsOver(first), Fires(second), Fires(second)});
  const std::string body = Deliver(notification);
  EXPECT_THAT(body, HasSubstr(R"({"receiver":"ops","status":"resolved")"));
  EXPECT_THAT(body, HasSubstr(R"("commonLabels":{"alertname":"DiskFull","job":"node"})"));
  EXPECT_THAT(body, HasSubstr(R"("truncatedAlerts":2})"));
  EXPECT_THAT(body, Not(HasSubstr("Second")));
  SetKey("max_alerts", "3");
  EXPECT_THAT(Deliver(notification), HasSubstr(R"("truncatedAlerts":0})"));
}

TEST_F(GroupWebhookTest, ReadsUrlFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/url";
  SetUrlFile(path);
  WriteFile(path, " http://hook/a \n");
  Deliver(About({Fires(DiskFull())}));
  EXPECT_EQ(Request().url, "http://hook/a");
  WriteFile(path, "http://hook/b");
  Deliver(About({Fires(DiskFull())}));
  EXPECT_EQ(Request().url, "http://hook/b");
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(GroupWebhookTest, GivesUpWithoutAUrl) {
  const testing::TempDir folder;
  WriteFile(folder.path() + "/empty", " \n");
  for (const std::string& file :
       {folder.path() + "/missing", folder.path(), folder.path() + "/empty"}) {
    SetUrlFile(file);
    Deliver(About({Fires(DiskFull())}));
    ASSERT_EQ(outcomes.size(), 1U) << file;
    EXPECT_EQ(outcomes[0].kind, Outcome::Kind::kGiveUp) << file;
    outcomes.clear();
  }
  EXPECT_EQ(world.http.sent(), 0U);
}

TEST_F(GroupWebhookTest, TriesAgainWhereASecretCannotBeRead) {
  settings.http.basic_auth = config::BasicAuthConfig();
  settings.http.basic_auth->password_file = "/nonexistent/password";
  Deliver(About({Fires(DiskFull())}));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Outcome::Kind::kRetry);
  EXPECT_THAT(outcomes[0].reason, HasSubstr("/nonexistent/password"));
  EXPECT_EQ(world.http.sent(), 0U);
}

TEST_F(GroupWebhookTest, SendsUserAndPasswordOfTheUrlAsBasicAuthorization) {
  SetUrl("http://Aladdin:open%20sesame@hook/secret");
  Deliver(About({Fires(DiskFull())}));
  EXPECT_EQ(Request().url, "http://hook/secret");
  EXPECT_THAT(Request().headers,
              Contains(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
}

TEST_F(GroupWebhookTest, AddsWhatHttpConfigSays) {
  settings.http.basic_auth = config::BasicAuthConfig();
  settings.http.basic_auth->username = "Aladdin";
  settings.http.basic_auth->password = Secret("open sesame");
  settings.http.headers = {{"X-Scope", {"a"}, {}, {}}};
  settings.http.follow_redirects = false;
  Deliver(About({Fires(DiskFull())}));
  // RFC 7617's own example.
  EXPECT_THAT(Request().headers,
              Contains(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  EXPECT_THAT(Request().headers, Contains(Pair("X-Scope", "a")));
  EXPECT_FALSE(Request().follow_redirects);
  settings.http.follow_redirects = true;
  Deliver(About({Fires(DiskFull())}));
  EXPECT_TRUE(Request().follow_redirects);
}

TEST_F(GroupWebhookTest, TakesTheShorterOfItsTimeoutAndTheDeadline) {
  Deliver(About({Fires(DiskFull())}), 60 * kSecond);
  EXPECT_EQ(Request().timeout, 60 * kSecond);
  SetKey("timeout", "5s");
  Deliver(About({Fires(DiskFull())}), 60 * kSecond);
  EXPECT_EQ(Request().timeout, 5 * kSecond);
  Deliver(About({Fires(DiskFull())}), 2 * kSecond);
  EXPECT_EQ(Request().timeout, 2 * kSecond);
}

TEST_F(GroupWebhookTest, IsRetriedAfterServerErrorsOnly) {
  const std::pair<int, Kind> cases[] = {
      {200, Kind::kDelivered}, {204, Kind::kDelivered}, {299, Kind::kDelivered},
      {301, Kind::kGiveUp},    {304, Kind::kGiveUp},    {400, Kind::kGiveUp},
      {401, Kind::kGiveUp},    {403, Kind::kGiveUp},    {404, Kind::kGiveUp},
      {408, Kind::kGiveUp},    {413, Kind::kGiveUp},    {429, Kind::kGiveUp},
      {500, Kind::kRetry},     {502, Kind::kRetry},     {503, Kind::kRetry},
      {599, Kind::kRetry},
  };
  for (const auto& [status, kind] : cases) {
    Deliver(About({Fires(DiskFull())}));
    world.http.Answer(world.http.sent() - 1, status);
    EXPECT_EQ(outcomes.back().kind, kind) << status;
  }
}

TEST_F(GroupWebhookTest, IsRetriedAfterNetworkErrors) {
  for (const HttpClientFailure& failure : {HttpClientFailure{"refused", false, false, false},
                                           HttpClientFailure{"slow", true, false, true}}) {
    Deliver(About({Fires(DiskFull())}));
    world.http.Fail(world.http.sent() - 1, failure);
    EXPECT_EQ(outcomes.back().kind, Outcome::Kind::kRetry) << failure.message;
  }
}

// Reasons of the metric since 0.34.
TEST_F(GroupWebhookTest, TellsFailuresApart) {
  const std::pair<int, Failure> cases[] = {
      {400, Failure::kClientError}, {401, Failure::kAuth},        {403, Failure::kAuth},
      {404, Failure::kClientError}, {429, Failure::kRateLimited}, {500, Failure::kServerError}};
  for (const auto& [status, failure] : cases) {
    Deliver(About({Fires(DiskFull())}));
    world.http.Answer(world.http.sent() - 1, status);
    EXPECT_EQ(outcomes.back().failure, failure) << status;
  }
}

TEST_F(GroupWebhookTest, QuotesTheReceiversNameForRegularExpressions) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.receiver = "team.a";
  EXPECT_THAT(Deliver(notification), HasSubstr(R"({"receiver":"team\\.a")"));
}

TEST_F(GroupWebhookTest, FillsInTheTemplatesOfUrlAndUrlFile) {
  SetUrl("http://hook/{{ .GroupLabels.alertname }}/{{ .CommonLabels.job | toUpper }}");
  Deliver(About({Fires(DiskFull())}));
  EXPECT_EQ(Request().url, "http://hook/DiskFull/NODE");
  const testing::TempDir folder;
  WriteFile(folder.path() + "/url", "http://hook/{{ .Receiver }}\n");
  SetUrlFile(folder.path() + "/url");
  Deliver(About({Fires(DiskFull())}));
  EXPECT_EQ(Request().url, "http://hook/ops");
}

// Which of a receiver's endpoints is down is known by that.
TEST_F(GroupWebhookTest, KnowsWhereAMessageGoesWhereThatDependsOnIt) {
  const auto endpoint = [this](const GroupNotification& notification) {
    return (*MakeVendorChannel(MakeGroupWebhook, settings,
                               std::make_shared<const gotemplate::TemplateSet>(templates),
                               world.Context()))
        ->Endpoint(notification);
  };
  const GroupNotification notification = About({Fires(DiskFull())});
  EXPECT_EQ(endpoint(notification), "");
  SetUrl("http://u:secret@hook/{{ .GroupLabels.alertname }}?key={{ .CommonLabels.job }}");
  EXPECT_EQ(endpoint(notification), "http://hook/DiskFull");
  SetUrl("http://hook/{{ .Nothing.x }}");
  EXPECT_EQ(endpoint(notification), "");
}

// The address is a secret, be it in the template or in what comes out.
TEST_F(GroupWebhookTest, GivesUpWhereTheUrlsTemplateFailsAndTellsNoSecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://hook/secret/{{ .Nothing.secret }}", "url: its template fails at url:1:23"},
      {R"(http://secret/{{ template "__subject" "secret" }})",
       "url: its template fails at default texts:"},
      {R"({{ index .Alerts 7 | print "secret" }})", "url: its template fails at url:1:4"},
      {"{{ .CommonLabels.nothing }}", "url: the URL is empty"},
      {"{{ .CommonLabels.job }}://secret/", "url: the URL must begin with http"},
      {"http://hook/{{ print \"a secret\" }}", "url: the URL holds a blank"},
  };
  for (const auto& [url, reason] : cases) {
    SetUrl(url);
    Deliver(About({Fires(DiskFull())}));
    EXPECT_THAT(WhyGivenUp(), HasSubstr(reason)) << url;
    EXPECT_THAT(WhyGivenUp(), Not(HasSubstr("secret"))) << url;
  }
}

TEST_F(GroupWebhookTest, SendsThePayloadInsteadOfTheBody) {
  settings.keys.Set(
      "payload", PayloadOf("{title: '{{ template \"__subject\" . }}', count: '{{ len .Alerts }}', "
                           "alerts: '{{ toJson .Alerts.Resolved }}', '{{ .Status }}': [1, x]}"));
  EXPECT_EQ(Deliver(About({Fires(DiskFull())})),
            R"x({"alerts":[],"count":1,"firing":[1,"x"],"title":"[FIRING:1] DiskFull (node)"})x"
            "\n");
  EXPECT_THAT(Request().headers, Contains(Pair("Content-Type", "application/json")));
}

// As common labels and status do.
TEST_F(GroupWebhookTest, TemplatesSeeTheFirstMaxAlerts) {
  SetKey("max_alerts", "1");
  SetUrl("http://hook/{{ .Status }}/{{ len .Alerts }}");
  settings.keys.Set("payload", PayloadOf("'{{ .CommonLabels.instance }}'"));
  EXPECT_EQ(Deliver(About({IsOver(DiskFullOn("a")), Fires(DiskFullOn("b"))})), "\"a\"\n");
  EXPECT_EQ(Request().url, "http://hook/resolved/1");
}

TEST_F(GroupWebhookTest, GivesUpWhereThePayloadsTemplateFails) {
  settings.keys.Set("payload", PayloadOf("{a: '{{ .Nothing }}'}"));
  Deliver(About({Fires(DiskFull())}));
  EXPECT_THAT(WhyGivenUp(), HasSubstr("payload:1:4: "));
  EXPECT_THAT(WhyGivenUp(), HasSubstr("Nothing"));
}

TEST_F(GroupWebhookTest, FillsInTheRoutesLabels) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.route_labels = Labels{{"team", "{{ .CommonLabels.job }}-team"}};
  EXPECT_THAT(Deliver(notification), HasSubstr(R"("routeLabels":{"team":"node-team"})"));
}

TEST_F(GroupWebhookTest, GivesUpWhereALabelOfTheRouteFails) {
  GroupNotification notification = About({Fires(DiskFull())});
  notification.route_labels = Labels{{"team", "{{ .Nothing }}"}};
  Deliver(notification);
  EXPECT_THAT(WhyGivenUp(), HasSubstr("route label team: team:1:4: "));
}

}  // namespace
}  // namespace tocsin::receivers
