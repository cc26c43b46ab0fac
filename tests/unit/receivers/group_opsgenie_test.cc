#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

// printf %s '{}:{alertname="DiskFull"}' | sha256sum
constexpr char kAlias[] = "17c4e445d234645c9e547ff6d32a864af0ebdadcd1902771c24c8d366637ff41";
constexpr std::size_t kMaxOpsGenieRunes = 130;

std::string OpsGenieItemWith(const std::string& keys) {
  return "{api_url: 'http://og/', api_key: k3y" + keys + "}";
}

nlohmann::json AlertOf(const std::string& keys, const std::string& summary = "s") {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(keys));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", summary}};
  return nlohmann::json::parse(opsgenie.Deliver(About({Fires(alert)})).body);
}

TEST(GroupOpsGenie, OpensAlertmanagersDefaultAlert) {
  VendorWorld opsgenie("opsgenie_configs", "{api_key: k3y}");
  const HttpClientRequest request = opsgenie.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.opsgenie.com/v2/alerts");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey k3y");
  EXPECT_EQ(request.body,
            R"x({"alias":")x" + std::string(kAlias) +
                R"x(","message":"[FIRING:1] DiskFull (node)",)x"
                R"("description":"98%\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n)"
                R"( - job = node\nAnnotations:\n - summary = 98%\n)"
                R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n",)"
                R"("details":{"alertname":"DiskFull","job":"node"},)"
                R"("source":"http://am:9093/#/alerts?receiver=ops"})"
                "\n");
  EXPECT_TRUE(opsgenie.send_resolved);
}

TEST(GroupOpsGenie, ClosesTheAlertWhenAllIsOver) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(""));
  const HttpClientRequest request = opsgenie.DeliverResolved();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url,
            "http://og/v2/alerts/" + std::string(kAlias) + "/close?identifierType=alias");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey k3y");
  EXPECT_EQ(request.body, "{\"source\":\"http://am:9093/#/alerts?receiver=ops\"}\n");
}

TEST(GroupOpsGenie, SendsEveryKeyOfAnAlert) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(R"(,
    message: 'm {{ .Status }}', description: 'd {{ .Status }}', source: 's {{ .Receiver }}',
    details: {zone: 'z {{ len .Alerts }}', job: own}, entity: 'e {{ .CommonLabels.job }}',
    responders: [{name: ops, type: team}, {id: '4', type: schedule},
                 {username: 'u@{{ .CommonLabels.job }}', type: user}],
    actions: 'ping,restart', tags: 'a,{{ .CommonLabels.job }}', note: 'n {{ .Status }}',
    priority: 'P{{ len .Alerts }}')"));
  EXPECT_EQ(opsgenie.DeliverFiring().body,
            R"({"alias":")" + std::string(kAlias) +
                R"(","message":"m firing","description":"d firing",)"
                R"("details":{"alertname":"DiskFull","job":"own","zone":"z 1"},"source":"s ops",)"
                R"("responders":[{"name":"ops","type":"team"},{"id":"4","type":"schedule"},)"
                R"({"username":"u@node","type":"user"}],"tags":["a","node"],"note":"n firing",)"
                R"("priority":"P1","entity":"e node","actions":["ping","restart"]})"
                "\n");
}

TEST(GroupOpsGenie, TellsTheLabelsThatAllAlertsHave) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(""));
  const HttpClientRequest request =
      opsgenie.Deliver(About({Fires(DiskFullOn("a")), Fires(DiskFullOn("b"))}));
  EXPECT_THAT(request.body, HasSubstr(R"("details":{"alertname":"DiskFull","job":"node"},)"));
  PostedAlert other = DiskFull();
  other.labels = Labels{{"other", "x"}};
  EXPECT_THAT(opsgenie.Deliver(About({Fires(DiskFull()), Fires(other)})).body,
              HasSubstr(R"("details":{},)"));
}

TEST(GroupOpsGenie, SplitsListsAtCommasAndLeavesOutWhatIsEmpty) {
  const nlohmann::json alert = AlertOf(", tags: ' a, b,,c ', actions: ' ,, '");
  EXPECT_EQ(alert["tags"], nlohmann::json({"a", " b", "c"}));
  EXPECT_FALSE(alert.contains("actions"));
}

// What templates leave of them.
TEST(GroupOpsGenie, LeavesOutRespondersThatAreNobody) {
  const nlohmann::json alert = AlertOf(
      ", responders: [{name: '{{ .CommonLabels.none }}', type: '{{ .CommonLabels.none }}'}, "
      "{id: a, type: '{{ \"USER\" }}'}]");
  EXPECT_EQ(alert["responders"], nlohmann::json::parse(R"([{"id":"a","type":"USER"}])"));
  EXPECT_FALSE(
      AlertOf(", responders: [{id: '{{ .CommonLabels.none }}', type: '{{ .CommonLabels.none }}'}]")
          .contains("responders"));
}

TEST(GroupOpsGenie, MakesEachOfTheTeamsAResponder) {
  const nlohmann::json alert = AlertOf(
      ", responders: [{name: 'a,{{ .CommonLabels.job }},,c', id: x, type: teams}, "
      "{name: '{{ .CommonLabels.none }}', type: teams}]");
  EXPECT_EQ(alert["responders"],
            nlohmann::json::parse(R"([{"name":"a","type":"team"},{"name":"node","type":"team"},)"
                                  R"({"name":"c","type":"team"}])"));
}

TEST(GroupOpsGenie, CutsTheMessageAtItsLimitInCharacters) {
  const std::string keys = ", message: '{{ .CommonAnnotations.summary }}'";
  std::string fits;
  for (std::size_t i = 0; i < kMaxOpsGenieRunes; ++i) fits += "é";
  EXPECT_EQ(AlertOf(keys, fits)["message"], fits);
  EXPECT_EQ(AlertOf(keys, fits + "é")["message"], fits.substr(0, fits.size() - 2) + "…");
}

TEST(GroupOpsGenie, LeavesOutADescriptionThatIsEmpty) {
  EXPECT_FALSE(AlertOf(", description: '{{ .CommonLabels.none }}'").contains("description"));
}

TEST(GroupOpsGenie, ReplacesWhatAnOpenAlertSays) {
  VendorWorld opsgenie("opsgenie_configs",
                       OpsGenieItemWith(", update_alerts: true, message: m, description: d"));
  EXPECT_EQ(opsgenie.DeliverFiring().url, "http://og/v2/alerts");
  opsgenie.Answer(202);
  ASSERT_EQ(opsgenie.http.sent(), 2U);
  EXPECT_EQ(opsgenie.LastRequest().method, "PUT");
  EXPECT_EQ(opsgenie.LastRequest().url,
            "http://og/v2/alerts/" + std::string(kAlias) + "/message?identifierType=alias");
  EXPECT_EQ(opsgenie.LastRequest().body, "{\"message\":\"m\"}\n");
  EXPECT_EQ(HeaderOf(opsgenie.LastRequest(), "Authorization"), "GenieKey k3y");
  EXPECT_EQ(HeaderOf(opsgenie.LastRequest(), "Content-Type"), "application/json");
  EXPECT_TRUE(opsgenie.outcomes.empty());
  opsgenie.Answer(202);
  ASSERT_EQ(opsgenie.http.sent(), 3U);
  EXPECT_EQ(opsgenie.LastRequest().method, "PUT");
  EXPECT_EQ(opsgenie.LastRequest().url,
            "http://og/v2/alerts/" + std::string(kAlias) + "/description?identifierType=alias");
  EXPECT_EQ(opsgenie.LastRequest().body, "{\"description\":\"d\"}\n");
  EXPECT_EQ(HeaderOf(opsgenie.LastRequest(), "Authorization"), "GenieKey k3y");
  EXPECT_TRUE(opsgenie.outcomes.empty());
  opsgenie.Answer(202);
  EXPECT_EQ(opsgenie.http.sent(), 3U);
  ASSERT_EQ(opsgenie.outcomes.size(), 1U);
  EXPECT_EQ(opsgenie.outcomes[0].kind, Kind::kDelivered);
}

TEST(GroupOpsGenie, ReplacesTextsByTheCutOnesAndByNone) {
  VendorWorld opsgenie("opsgenie_configs",
                       OpsGenieItemWith(", update_alerts: true, message: " + std::string(200, 'a') +
                                        ", description: '{{ .CommonLabels.none }}'"));
  opsgenie.DeliverFiring();
  opsgenie.Answer(202);
  EXPECT_EQ(opsgenie.LastRequest().body,
            "{\"message\":\"" + std::string(kMaxOpsGenieRunes - 1, 'a') + "…\"}\n");
  opsgenie.Answer(202);
  EXPECT_EQ(opsgenie.LastRequest().body, "{}\n");
}

TEST(GroupOpsGenie, UpdatesNothingThatIsOver) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(", update_alerts: true"));
  opsgenie.DeliverResolved();
  opsgenie.Answer(202);
  EXPECT_EQ(opsgenie.http.sent(), 1U);
  EXPECT_EQ(opsgenie.outcomes.at(0).kind, Kind::kDelivered);
}

TEST(GroupOpsGenie, UpdatesNothingUnlessToldTo) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(", update_alerts: false"));
  opsgenie.DeliverFiring();
  opsgenie.Answer(202);
  EXPECT_EQ(opsgenie.http.sent(), 1U);
  ASSERT_EQ(opsgenie.outcomes.size(), 1U);
  EXPECT_EQ(opsgenie.outcomes[0].kind, Kind::kDelivered);
}

TEST(GroupOpsGenie, StopsAtTheFirstRequestThatIsRefused) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(", update_alerts: true"));
  EXPECT_EQ(opsgenie.OutcomeOf(422).kind, Kind::kGiveUp);
  EXPECT_FALSE(opsgenie.outcomes[0].may_have_arrived);
  EXPECT_EQ(opsgenie.http.sent(), 1U);
  opsgenie.DeliverFiring();
  opsgenie.Answer(202);
  opsgenie.Answer(429);
  EXPECT_EQ(opsgenie.http.sent(), 3U);
  ASSERT_EQ(opsgenie.outcomes.size(), 2U);
  EXPECT_EQ(opsgenie.outcomes[1].kind, Kind::kRetry);
  EXPECT_TRUE(opsgenie.outcomes[1].may_have_arrived) << "the alert is open";
  opsgenie.DeliverFiring();
  opsgenie.Answer(202);
  opsgenie.Answer(202);
  opsgenie.Answer(404);
  ASSERT_EQ(opsgenie.outcomes.size(), 3U);
  EXPECT_EQ(opsgenie.outcomes[2].kind, Kind::kGiveUp);
  EXPECT_TRUE(opsgenie.outcomes[2].may_have_arrived) << "the alert is open";
}

TEST(GroupOpsGenie, AddsToThePathOfTheAddress) {
  const auto url_of = [](const std::string& url, bool fires) {
    VendorWorld opsgenie("opsgenie_configs", "{api_key: k, api_url: '" + url + "'}");
    return (fires ? opsgenie.DeliverFiring() : opsgenie.DeliverResolved()).url;
  };
  EXPECT_EQ(url_of("http://og", true), "http://og/v2/alerts");
  EXPECT_EQ(url_of("http://og/eu", true), "http://og/eu/v2/alerts");
  EXPECT_EQ(url_of("http://og/eu/?a=b", true), "http://og/eu/v2/alerts?a=b");
  EXPECT_EQ(url_of("http://og/eu?a=b", false),
            "http://og/eu/v2/alerts/" + std::string(kAlias) + "/close?a=b&identifierType=alias");
}

TEST(GroupOpsGenie, TakesKeyAndAddressFromGlobal) {
  VendorWorld opsgenie("opsgenie_configs", "{}",
                       "{opsgenie_api_key: gk, opsgenie_api_url: 'http://global/'}");
  const HttpClientRequest request = opsgenie.DeliverFiring();
  EXPECT_EQ(request.url, "http://global/v2/alerts");
  EXPECT_EQ(HeaderOf(request, "Authorization"), "GenieKey gk");
}

TEST(GroupOpsGenie, ReadsTheKeysFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/key";
  VendorWorld opsgenie("opsgenie_configs", "{api_url: 'http://og/', api_key_file: '" + path + "'}");
  std::ofstream(path) << " one\n";
  EXPECT_EQ(HeaderOf(opsgenie.DeliverFiring(), "Authorization"), "GenieKey one");
  std::ofstream(path) << "two";
  EXPECT_EQ(HeaderOf(opsgenie.DeliverFiring(), "Authorization"), "GenieKey two");
  std::ofstream(path) << "\n";
  opsgenie.DeliverFiring();
  EXPECT_EQ(opsgenie.http.sent(), 2U);
  EXPECT_EQ(opsgenie.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(opsgenie.reason(), HasSubstr("api_key_file"));
}

TEST(GroupOpsGenie, FillsInTheKeyAndTellsItToNobody) {
  VendorWorld opsgenie("opsgenie_configs", "{api_key: 'k-{{ .CommonLabels.job }}'}");
  EXPECT_EQ(HeaderOf(opsgenie.DeliverFiring(), "Authorization"), "GenieKey k-node");
  VendorWorld faulty("opsgenie_configs", "{api_key: 's3cret{{ .Nothing.s3cret }}'}");
  faulty.DeliverFiring();
  EXPECT_EQ(faulty.http.sent(), 0U);
  EXPECT_EQ(faulty.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(faulty.reason(), HasSubstr("api_key: its template fails at api_key:1:10"));
  EXPECT_THAT(faulty.reason(), Not(HasSubstr("s3cret")));
}

TEST(GroupOpsGenie, KeepsHostileTextsInTheirMembers) {
  const std::string text = "\"}<script>alert('x')</script>\n\\\t\x01";
  const nlohmann::json alert = AlertOf(
      ", message: '{{ .CommonAnnotations.summary }}', tags: '{{ .CommonAnnotations.summary }}', "
      "details: {a: '{{ .CommonAnnotations.summary }}'}",
      text);
  EXPECT_EQ(alert["message"], text);
  EXPECT_EQ(alert["tags"], nlohmann::json({text}));
  EXPECT_EQ(alert["details"]["a"], text);
  EXPECT_EQ(AlertOf(", message: '{{ .CommonAnnotations.summary }}'", "\xff")["message"],
            "\xEF\xBF\xBD");
}

TEST(GroupOpsGenie, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(""));
  EXPECT_EQ(opsgenie.OutcomeOf(202).kind, Kind::kDelivered);
  for (const int status : {429, 500, 503}) {
    EXPECT_EQ(opsgenie.OutcomeOf(status).kind, Kind::kRetry) << status;
  }
  for (const int status : {302, 400, 401, 403, 404, 408, 422}) {
    EXPECT_EQ(opsgenie.OutcomeOf(status).kind, Kind::kGiveUp) << status;
  }
  for (const int status : {408, 429, 502}) {
    EXPECT_EQ(opsgenie.DurableOutcomeOf(status).kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(opsgenie.DurableOutcomeOf(422).kind, Kind::kGiveUp);
  for (const Outcome& outcome : opsgenie.outcomes) {
    EXPECT_THAT(outcome.reason + outcome.advice, Not(HasSubstr("k3y")));
  }
}

TEST(GroupOpsGenie, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const std::string key :
       {"message", "description", "source", "entity", "actions", "tags", "note", "priority"}) {
    VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(", " + key + ": '{{ .Nothing }}'"));
    opsgenie.DeliverFiring();
    EXPECT_EQ(opsgenie.http.sent(), 0U);
    EXPECT_EQ(opsgenie.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_THAT(opsgenie.reason(), HasSubstr(key + ":1:4: "));
  }
  for (const auto& [keys, place] :
       {std::pair(", details: {a: 'x {{ .Nothing }}'}", "details.a:1:6: "),
        std::pair(", responders: [{username: '{{ .Nothing }}', type: user}]", "username:1:4: ")}) {
    VendorWorld opsgenie("opsgenie_configs", OpsGenieItemWith(keys));
    opsgenie.DeliverFiring();
    EXPECT_EQ(opsgenie.http.sent(), 0U);
    EXPECT_THAT(opsgenie.reason(), HasSubstr(place));
  }
}

}  // namespace
}  // namespace tocsin::receivers
