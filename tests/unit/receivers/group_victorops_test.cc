#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "receivers/channels/vendor_list.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/alertmanager_loading.h"
#include "tests/unit/receivers/vendor_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;

// printf %s '{}:{alertname="DiskFull"}' | sha256sum
constexpr char kEntityId[] = "17c4e445d234645c9e547ff6d32a864af0ebdadcd1902771c24c8d366637ff41";
constexpr std::size_t kMaxVictorOpsRunes = 20'480;

std::string VictorOpsItemWith(const std::string& keys) {
  return "{api_url: 'http://vo/alert/', api_key: s3cret, routing_key: team" + keys + "}";
}

nlohmann::json MessageOf(const std::string& keys, const std::string& summary = "s") {
  VendorWorld victorops("victorops_configs", VictorOpsItemWith(keys));
  PostedAlert alert = DiskFull();
  alert.annotations = {{"summary", summary}};
  return nlohmann::json::parse(victorops.Deliver(About({Fires(alert)})).body);
}

std::string UrlOf(const std::string& item) {
  return VendorWorld("victorops_configs", item).DeliverFiring().url;
}

TEST(GroupVictorOps, SendsAlertmanagersDefaultMessage) {
  VendorWorld victorops("victorops_configs", "{api_key: s3cret, routing_key: team}");
  const HttpClientRequest request = victorops.DeliverFiring();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url,
            "https://alert.victorops.com/integrations/generic/20131114/alert/s3cret/team");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.body,
            R"x({"entity_display_name":"[FIRING:1] DiskFull (node)","entity_id":")x" +
                std::string(kEntityId) +
                R"(","message_type":"CRITICAL","monitoring_tool":"Alertmanager",)"
                R"("state_message":"98%\nAlerts Firing:\nLabels:\n - alertname = DiskFull\n)"
                R"( - job = node\nAnnotations:\n - summary = 98%\n)"
                R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n\n"})"
                "\n");
  EXPECT_TRUE(victorops.send_resolved);
}

TEST(GroupVictorOps, ClosesTheIncidentWhenAllIsOver) {
  VendorWorld victorops("victorops_configs", VictorOpsItemWith(", message_type: WARNING"));
  EXPECT_EQ(victorops.DeliverResolved().body,
            R"x({"entity_display_name":"[RESOLVED] DiskFull (node)","entity_id":")x" +
                std::string(kEntityId) +
                R"(","message_type":"RECOVERY","monitoring_tool":"Alertmanager",)"
                R"("state_message":"98%\n\nAlerts Resolved:\nLabels:\n - alertname = DiskFull\n)"
                R"( - job = node\nAnnotations:\n - summary = 98%\n)"
                R"(Source: http://p/graph?g0.expr=a\u003e1\u0026g0.tab=1\n"})"
                "\n");
}

TEST(GroupVictorOps, SendsEveryKeySortedWithTheCustomFields) {
  VendorWorld victorops("victorops_configs", R"({
    api_url: 'http://vo/', api_key: k, routing_key: '{{ .CommonLabels.job }}',
    message_type: '{{ if eq .Status "firing" }}WARNING{{ end }}', state_message: 's {{ .Status }}',
    entity_display_name: 'n {{ len .Alerts }}', monitoring_tool: 'm {{ .Receiver }}',
    custom_fields: {zone: 'z {{ .GroupLabels.alertname }}', Environment: prod}})");
  const HttpClientRequest request = victorops.DeliverFiring();
  EXPECT_EQ(request.url, "http://vo/k/node");
  EXPECT_EQ(request.body, R"({"Environment":"prod","entity_display_name":"n 1","entity_id":")" +
                              std::string(kEntityId) +
                              R"(","message_type":"WARNING","monitoring_tool":"m ops",)"
                              R"("state_message":"s firing","zone":"z DiskFull"})"
                              "\n");
}

TEST(GroupVictorOps, OpensAnIncidentUnlessTheTypeIsOneOfThree) {
  for (const char* type : {"CRITICAL", "WARNING", "INFO"}) {
    EXPECT_EQ(MessageOf(std::string(", message_type: ") + type)["message_type"], type);
  }
  for (const char* type :
       {"warning", "RECOVERY", "ACKNOWLEDGEMENT", "'{{ .CommonLabels.none }}'"}) {
    EXPECT_EQ(MessageOf(std::string(", message_type: ") + type)["message_type"], "CRITICAL");
  }
}

TEST(GroupVictorOps, CutsTheStateAtItsLimitInCharacters) {
  const std::string keys = ", state_message: '{{ .CommonAnnotations.summary }}'";
  std::string fits;
  for (std::size_t i = 0; i < kMaxVictorOpsRunes; ++i) fits += "é";
  EXPECT_EQ(MessageOf(keys, fits)["state_message"], fits);
  EXPECT_EQ(MessageOf(keys, fits + "é")["state_message"], fits.substr(0, fits.size() - 2) + "…");
}

// As net/url does where Alertmanager adds them to the path.
TEST(GroupVictorOps, EscapesKeysForThePath) {
  EXPECT_EQ(UrlOf("{api_url: 'http://vo/', api_key: 'a b?c#d', routing_key: 'e/f:g@h+i é%*'}"),
            "http://vo/a%20b%3Fc%23d/e/f:g@h+i%20%C3%A9%25%2A");
}

TEST(GroupVictorOps, AddsToThePathOfTheAddress) {
  EXPECT_EQ(UrlOf("{api_url: 'http://vo/alert', api_key: k, routing_key: r}"),
            "http://vo/alert/k/r");
  EXPECT_EQ(UrlOf("{api_url: 'http://vo', api_key: k, routing_key: r}"), "http://vo/k/r");
  EXPECT_EQ(UrlOf("{api_url: 'http://vo/alert?v=1', api_key: k, routing_key: r}"),
            "http://vo/alert/k/r?v=1");
}

TEST(GroupVictorOps, TakesKeyAndAddressFromGlobal) {
  VendorWorld victorops("victorops_configs", "{routing_key: r}",
                        "{victorops_api_key: gk, victorops_api_url: 'http://global/'}");
  EXPECT_EQ(victorops.DeliverFiring().url, "http://global/gk/r");
}

TEST(GroupVictorOps, ReadsTheKeysFileForEachMessage) {
  const testing::TempDir folder;
  const std::string path = folder.path() + "/key";
  VendorWorld victorops("victorops_configs",
                        "{api_url: 'http://vo/', api_key_file: '" + path + "', routing_key: r}");
  std::ofstream(path) << " one\n";
  EXPECT_EQ(victorops.DeliverFiring().url, "http://vo/one/r");
  std::ofstream(path) << "two";
  EXPECT_EQ(victorops.DeliverFiring().url, "http://vo/two/r");
  std::ofstream(path) << " \n";
  victorops.DeliverFiring();
  EXPECT_EQ(victorops.http.sent(), 2U);
  EXPECT_EQ(victorops.outcomes.at(0).kind, Kind::kGiveUp);
  EXPECT_THAT(victorops.reason(), HasSubstr("api_key_file"));
}

TEST(GroupVictorOps, KeepsHostileTextsInTheirFields) {
  const std::string text = "\"}<script>alert('x')</script>\n\\\t\x01";
  const nlohmann::json message = MessageOf(
      ", state_message: '{{ .CommonAnnotations.summary }}', "
      "custom_fields: {a: '{{ .CommonAnnotations.summary }}'}",
      text);
  EXPECT_EQ(message["state_message"], text);
  EXPECT_EQ(message["a"], text);
  EXPECT_EQ(
      MessageOf(", state_message: '{{ .CommonAnnotations.summary }}'", "\xff")["state_message"],
      "\xEF\xBF\xBD");
}

TEST(GroupVictorOps, IsRetriedAsAlertmanagerDoesAndByTheOutboxMoreOften) {
  VendorWorld victorops("victorops_configs", VictorOpsItemWith(""));
  EXPECT_EQ(victorops.OutcomeOf(200).kind, Kind::kDelivered);
  EXPECT_EQ(victorops.OutcomeOf(500).kind, Kind::kRetry);
  EXPECT_EQ(victorops.OutcomeOf(503).kind, Kind::kRetry);
  for (const int status : {302, 400, 401, 403, 404, 408, 429}) {
    EXPECT_EQ(victorops.OutcomeOf(status).kind, Kind::kGiveUp) << status;
  }
  for (const int status : {408, 429, 502}) {
    EXPECT_EQ(victorops.DurableOutcomeOf(status).kind, Kind::kRetry) << status;
  }
  EXPECT_EQ(victorops.DurableOutcomeOf(404).kind, Kind::kGiveUp);
  for (const Outcome& outcome : victorops.outcomes) {
    EXPECT_THAT(outcome.reason + outcome.advice, Not(HasSubstr("s3cret")));
  }
}

TEST(GroupVictorOps, GivesUpWhereATemplateFailsAndSendsNothing) {
  for (const std::string key :
       {"message_type", "state_message", "entity_display_name", "monitoring_tool"}) {
    VendorWorld victorops("victorops_configs",
                          VictorOpsItemWith(", " + key + ": '{{ .Nothing }}'"));
    victorops.DeliverFiring();
    EXPECT_EQ(victorops.http.sent(), 0U);
    EXPECT_EQ(victorops.outcomes.at(0).kind, Kind::kGiveUp);
    EXPECT_THAT(victorops.reason(), HasSubstr(key + ":1:4: "));
  }
  VendorWorld field("victorops_configs",
                    VictorOpsItemWith(", custom_fields: {a: 'x {{ .Nothing }}'}"));
  field.DeliverFiring();
  EXPECT_THAT(field.reason(), HasSubstr("custom_fields.a:1:6: "));
  VendorWorld routing("victorops_configs", "{api_key: s3cret, routing_key: '{{ .Nothing }}'}");
  routing.DeliverFiring();
  EXPECT_EQ(routing.http.sent(), 0U);
  EXPECT_THAT(routing.reason(), HasSubstr("routing_key:1:4: "));
  EXPECT_THAT(routing.reason(), Not(HasSubstr("s3cret")));
}

TEST(GroupVictorOps, RefusesCustomFieldsThatVictorOpsHasItself) {
  for (const std::string field :
       {"routing_key", "message_type", "state_message", "entity_display_name", "monitoring_tool",
        "entity_id", "entity_state"}) {
    const Result<BuiltVendor> built = MakeGroupVictorOps(
        config::GoodIntegration("victorops_configs",
                                VictorOpsItemWith(", custom_fields: {a: b, " + field + ": x}")),
        ChannelWorld().Context());
    ASSERT_FALSE(built.ok()) << field;
    EXPECT_THAT(built.message(), HasSubstr("custom_fields"));
    EXPECT_THAT(built.message(), HasSubstr(field));
  }
}

}  // namespace
}  // namespace tocsin::receivers
