#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/text.h"
#include "receivers/channels/vendor_list.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

constexpr char kUrl[] = "https://api.pushover.net/1/messages.json?";

std::string PushoverItemWith(const std::string& keys) {
  return "{user_key: u1, token: t0ken" + keys + "}";
}

// What Pushover reads in the address.
std::map<std::string, std::string> ParametersOf(const HttpClientRequest& request) {
  std::map<std::string, std::string> parameters;
  EXPECT_EQ(request.url.substr(0, sizeof(kUrl) - 1), kUrl);
  for (const std::string_view pair :
       Split(std::string_view(request.url).substr(sizeof(kUrl) - 1), '&')) {
    const std::size_t equals = pair.find('=');
    EXPECT_NE(equals, std::string_view::npos) << pair;
    parameters[std::string(pair.substr(0, equals))] =
        PercentDecode(pair.substr(equals + 1), /*plus_is_space=*/true).value_or("not decodable");
  }
  return parameters;
}

std::map<std::string, std::string> ParametersWith(const std::string& keys,
                                                  const std::string& summary = "s") {
  VendorWorld pushover("pushover_configs", PushoverItemWith(keys));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", summary}};
  return ParametersOf(pushover.Deliver(About({Fires(alert)})));
}

TEST(GroupPushover, SendsAlertmanagersDefaultMessage) {
  VendorWorld pushover("pushover_configs", PushoverItemWith(""));
  const HttpClientRequest request = pushover.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "text/plain");
  EXPECT_EQ(request.url,
            std::string(kUrl) +
                "device=&expire=3600"
                "&message=98%25%0A%0AAlerts+Firing%3A%0ALabels%3A%0A+-+alertname+%3D+DiskFull%0A"
                "+-+job+%3D+node%0AAnnotations%3A%0A+-+summary+%3D+98%25%0A"
                "Source%3A+http%3A%2F%2Fp%2Fgraph%3Fg0.expr%3Da%3E1%26g0.tab%3D1"
                "&priority=2&retry=60&sound=&title=%5BFIRING%3A1%5D+DiskFull+%28node%29"
                "&token=t0ken&url=http%3A%2F%2Fam%3A9093%2F%23%2Falerts%3Freceiver%3Dops"
                "&url_title=&user=u1");
  EXPECT_TRUE(pushover.send_resolved);
}

TEST(GroupPushover, IsNoEmergencyWhenAllIsOver) {
  VendorWorld pushover("pushover_configs", PushoverItemWith(""));
  const std::map<std::string, std::string> expected = {
      {"device", ""},
      {"expire", "3600"},
      {"message",
       "98%\n\n\nAlerts Resolved:\nLabels:\n - alertname = DiskFull\n - job = node\nAnnotations:\n"
       " - summary = 98%\nSource: http://p/graph?g0.expr=a>1&g0.tab=1"},
      {"priority", "0"},
      {"retry", "60"},
      {"sound", ""},
      {"title", "[RESOLVED] DiskFull (node)"},
      {"token", "t0ken"},
      {"url", "http://am:9093/#/alerts?receiver=ops"},
      {"url_title", ""},
      {"user", "u1"}};
  EXPECT_EQ(ParametersOf(pushover.DeliverResolved()), expected);
}

TEST(GroupPushover, SendsEveryKey) {
  const std::map<std::string, std::string> expected = {
      {"device", "d node"},  {"expire", "86400"},
      {"html", "1"},         {"message", "<b>firing</b>"},
      {"priority", "1"},     {"retry", "90"},
      {"sound", "s firing"}, {"title", "t 1"},
      {"token", "t0ken"},    {"ttl", "7200"},
      {"url", "http://r/"},  {"url_title", "u DiskFull"},
      {"user", "u1"}};
  EXPECT_EQ(ParametersWith(R"(, title: 't {{ len .Alerts }}', message: '<b>{{ .Status }}</b>',
                url: 'http://r/', url_title: 'u {{ .GroupLabels.alertname }}',
                device: 'd {{ .CommonLabels.job }}', sound: 's {{ .Status }}',
                priority: '{{ len .Alerts }}', retry: 1m30s, expire: 1d, ttl: 2h, html: true)"),
            expected);
}

TEST(GroupPushover, CountsWholeSecondsAndLeavesOutATtlOfNone) {
  std::map<std::string, std::string> parameters =
      ParametersWith(", retry: 1999ms, expire: 1.5h, ttl: 999ms");
  EXPECT_EQ(parameters["retry"], "1");
  EXPECT_EQ(parameters["expire"], "5400");
  EXPECT_EQ(parameters.count("ttl"), 0U);
}

TEST(GroupPushover, EscapesValuesInHtmlOnly) {
  const std::string message = ", message: '{{ .CommonAnnotations.summary }}'";
  std::map<std::string, std::string> html = ParametersWith(message + ", html: true", "<i>&");
  EXPECT_EQ(html["message"], "&lt;i&gt;&amp;");
  EXPECT_EQ(html.count("monospace"), 0U);
  std::map<std::string, std::string> monospace =
      ParametersWith(message + ", monospace: true", "<i>&");
  EXPECT_EQ(monospace["message"], "<i>&");
  EXPECT_EQ(monospace["monospace"], "1");
  EXPECT_EQ(monospace.count("html"), 0U);
}

TEST(GroupPushover, SaysSomethingWhereTheMessageIsEmpty) {
  EXPECT_EQ(ParametersWith(", message: '{{ .CommonAnnotations.none }}'")["message"],
            "(no details)");
  EXPECT_EQ(ParametersWith(R"(, message: " \n ")")["message"], "(no details)");
}

TEST(GroupPushover, CutsTextsAtTheirLimitsInCharacters) {
  for (const auto& [key, limit] :
       {std::pair<std::string, std::size_t>("title", 250), {"message", 1024}, {"url", 512}}) {
    const std::string keys = ", " + key + ": '{{ .CommonAnnotations.summary }}'";
    EXPECT_EQ(ParametersWith(keys, Repeated(limit, "é"))[key], Repeated(limit, "é")) << key;
    EXPECT_EQ(ParametersWith(keys, Repeated(limit + 1, "é"))[key], Repeated(limit - 1, "é") + "…")
        << key;
  }
}

// Blanks at the ends count, then they go.
TEST(GroupPushover, TrimsTheMessageWhenItIsCut) {
  std::map<std::string, std::string> parameters =
      ParametersWith(", message: '{{ .CommonAnnotations.summary }}'", "\n\n" + Repeated(1023, "a"));
  EXPECT_EQ(parameters["message"], Repeated(1021, "a") + "…");
}

// As net/url escapes them; Pushover takes nothing but UTF-8.
TEST(GroupPushover, KeepsHostileTextsInTheirParameters) {
  VendorWorld pushover("pushover_configs",
                       PushoverItemWith(", message: '{{ .CommonAnnotations.summary }}'"));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", "a~*'é \"<script>\n&token=x#%\xff"}};
  EXPECT_THAT(
      pushover.Deliver(About({Fires(alert)})).url,
      HasSubstr("&message=a~%2A%27%C3%A9+%22%3Cscript%3E%0A%26token%3Dx%23%25%EF%BF%BD&priority="));
  EXPECT_EQ(ParametersOf(pushover.LastRequest())["token"], "t0ken");
}

TEST(GroupPushover, ReadsTheFilesOfSecretsForEachMessage) {
  const testing::TempDir folder;
  const std::string user = folder.path() + "/user";
  const std::string token = folder.path() + "/token";
  VendorWorld pushover("pushover_configs",
                       "{user_key_file: '" + user + "', token_file: '" + token + "'}");
  std::ofstream(user) << " u-file\n";
  std::ofstream(token) << "t-file\n";
  std::map<std::string, std::string> parameters = ParametersOf(pushover.DeliverFiring());
  EXPECT_EQ(parameters["user"], "u-file");
  EXPECT_EQ(parameters["token"], "t-file");
  std::ofstream(token) << "t-new";
  EXPECT_EQ(ParametersOf(pushover.DeliverFiring())["token"], "t-new");
  std::ofstream(user) << " ";
  pushover.DeliverFiring();
  EXPECT_EQ(pushover.http.sent(), 2U);
  EXPECT_EQ(pushover.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(pushover.reason(), HasSubstr("user_key_file"));
}

TEST(GroupPushover, FillsInSecretsAndTellsThemToNobody) {
  VendorWorld pushover("pushover_configs",
                       "{user_key: 'u-{{ .CommonLabels.job }}', token: 't-{{ .Status }}'}");
  std::map<std::string, std::string> parameters = ParametersOf(pushover.DeliverFiring());
  EXPECT_EQ(parameters["user"], "u-node");
  EXPECT_EQ(parameters["token"], "t-firing");
  VendorWorld faulty("pushover_configs", "{user_key: u1, token: 's3cret{{ .Nothing.s3cret }}'}");
  faulty.DeliverFiring();
  EXPECT_EQ(faulty.http.sent(), 0U);
  EXPECT_EQ(faulty.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(faulty.reason(), HasSubstr("token: its template fails at token:1:10"));
  EXPECT_THAT(faulty.reason(), Not(HasSubstr("s3cret")));
}

TEST(GroupPushover, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld pushover("pushover_configs", PushoverItemWith(""));
  EXPECT_EQ(pushover.OutcomeOf(200).kind, Kind::kDelivered);
  EXPECT_EQ(pushover.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(pushover.OutcomeOf(503).kind, Kind::kRetry);
  for (const int status : {302, 400, 401, 403, 404, 408, 429}) {
    EXPECT_EQ(pushover.OutcomeOf(status).kind, Kind::kGiveUp) << status;
  }
  for (const int status : {408, 429, 502}) {
    EXPECT_EQ(pushover.DurableOutcomeOf(status).kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(pushover.DurableOutcomeOf(400).kind, Kind::kGiveUp);
  for (const Outcome& outcome : pushover.outcomes) {
    EXPECT_THAT(outcome.reason + outcome.advice, Not(HasSubstr("t0ken")));
  }
}

TEST(GroupPushover, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const std::string key :
       {"title", "message", "url", "url_title", "priority", "device", "sound"}) {
    VendorWorld pushover("pushover_configs", PushoverItemWith(", " + key + ": '{{ .Nothing }}'"));
    pushover.DeliverFiring();
    EXPECT_EQ(pushover.http.sent(), 0U);
    EXPECT_EQ(pushover.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_THAT(pushover.reason(), HasSubstr(key + ":1:4: "));
  }
  VendorWorld html("pushover_configs", PushoverItemWith(", html: true, message: '{{ .Nothing }}'"));
  html.DeliverFiring();
  EXPECT_EQ(html.http.sent(), 0U);
  EXPECT_THAT(html.reason(), HasSubstr("message:1:4: "));
}

TEST(GroupPushover, RefusesHtmlInMonospace) {
  const auto built = [](const std::string& keys) {
    return MakeGroupPushover(config::GoodIntegration("pushover_configs", PushoverItemWith(keys)),
                             ChannelWorld().Context());
  };
  ASSERT_FALSE(built(", html: true, monospace: true").ok());
  EXPECT_THAT(built(", html: true, monospace: true").message(), HasSubstr("monospace & html"));
  EXPECT_TRUE(built(", html: true, monospace: false").ok());
  EXPECT_TRUE(built(", html: false, monospace: true").ok());
}

}  // namespace
}  // namespace tocsin::receivers
