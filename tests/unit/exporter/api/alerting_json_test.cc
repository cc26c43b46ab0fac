#include "exporter/api/alerting_json.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "exporter/api/alert_row.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::api {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::CpuUsageRule;
using testing::FiredAt;
using testing::FiringAlert;

// Members in any order.
json Plain(const Json& value) { return json::parse(Dump(value)); }

json AlertJson(const Alert& alert, const std::optional<receivers::AnnouncementView>& announced) {
  JsonRow row;
  WriteAlert(alert, AlertStateName(alert.state), &row);
  WriteAnnouncement(announced, &row);
  return json::parse(row.Finish());
}

TEST(RuleJson, HasEveryFieldOfARule) {
  auto rule = CpuUsageRule();
  rule->id = "0b0f1a8e-5d0c-8a3f-9f61-6f2b8f4c8f11";
  rule->matchers = {Matcher::Equal("host", "web-1"),
                    *Matcher::Make("env", Matcher::Op::kRegex, "prod|test")};
  rule->notification_channels = {"email", "slack"};
  rule->notification_template = "CPU usage is at {value}%";
  rule->cooldown = seconds(300);
  rule->stale_alerts = StaleAlerts::kKeep;
  rule->runbook_url = "https://wiki/cpu";
  rule->source_file = "rules.d/host.yml";
  rule->source_line = 14;
  EXPECT_EQ(Plain(RuleJson(*rule, FiredAt())), json::parse(R"({
    "id": "0b0f1a8e-5d0c-8a3f-9f61-6f2b8f4c8f11",
    "name": "High CPU Usage",
    "rule_name": "High CPU Usage",
    "description": "CPU usage is high",
    "metric_name": "system.cpu.usage",
    "labels": {"host": "web-1"},
    "matchers": ["host=\"web-1\"", "env=~\"prod|test\""],
    "condition": ">",
    "threshold": "80.0",
    "duration": 60,
    "severity": "high",
    "enabled": true,
    "notification_channels": ["email", "slack"],
    "notification_template": "CPU usage is at {value}%",
    "cooldown_period": 300,
    "stale_alerts": "keep",
    "runbook_url": "https://wiki/cpu",
    "dashboard_url": null,
    "source": "file",
    "source_file": "rules.d/host.yml",
    "source_line": 14,
    "created_by": null,
    "created_at": "2024-05-01T10:00:00.123Z",
    "updated_at": "2024-05-01T10:00:00.123Z"
  })"));
}

TEST(RuleJson, WhatARuleLeavesOutIsNullOrEmpty) {
  ThresholdRule rule;
  rule.enabled = false;
  const json shown = Plain(RuleJson(rule, FiredAt()));
  EXPECT_TRUE(shown.at("description").is_null());
  EXPECT_TRUE(shown.at("notification_template").is_null());
  EXPECT_TRUE(shown.at("stale_alerts").is_null());
  EXPECT_TRUE(shown.at("source_file").is_null());
  EXPECT_EQ(shown.at("source"), "api");
  EXPECT_EQ(shown.at("labels"), json::object());
  EXPECT_EQ(shown.at("notification_channels"), json::array());
  EXPECT_EQ(shown.at("enabled"), false);
  EXPECT_EQ(shown.at("duration"), 0);
}

TEST(RuleJson, TheThresholdIsTheTextAsItWasWritten) {
  auto rule = CpuUsageRule();
  rule->threshold_text = "8e1";
  EXPECT_EQ(Plain(RuleJson(*rule, FiredAt())).at("threshold"), "8e1");
}

TEST(AlertJson, HasEveryFieldOfAnActiveAlert) {
  auto alert = FiringAlert(CpuUsageRule(), "3e1f4e4e-0d5e-4c69-9a0c-1f5a3a1b2c3d", "web-1");
  alert->fingerprint = 0xab;
  receivers::AnnouncementView announced;
  announced.notifications_sent = 2;
  announced.last_notification_at = FiredAt() + seconds(1);
  announced.channels = {{"ops", "delivered", 1, ""}, {"email", "retrying", 3, "timeout"}};
  EXPECT_EQ(AlertJson(*alert, announced), json::parse(R"({
    "id": "3e1f4e4e-0d5e-4c69-9a0c-1f5a3a1b2c3d",
    "rule_id": "rule-1",
    "name": "High CPU Usage",
    "rule_name": "High CPU Usage",
    "description": "CPU usage is high",
    "severity": "high",
    "status": "active",
    "metric_name": "system.cpu.usage",
    "metric_value": "85.5",
    "condition": ">",
    "threshold": "80.0",
    "duration": 60,
    "triggered_at": "2024-05-01T10:00:00.123Z",
    "acknowledged_at": null,
    "resolved_at": null,
    "metadata": {"host": "web-1"},
    "labels": {"alertname": "High CPU Usage", "host": "web-1", "severity": "critical",
               "pynomaly_severity": "high"},
    "fingerprint": "00000000000000ab",
    "pending_since": "2024-05-01T09:59:00.123Z",
    "updated_at": "2024-05-01T10:00:00.123Z",
    "last_value_at": "2024-05-01T10:00:00.123Z",
    "acknowledged_by": null,
    "acknowledge_note": null,
    "acknowledged_until": null,
    "resolved_by": null,
    "resolve_note": null,
    "resolved_reason": null,
    "notifications_sent": 2,
    "last_notification_at": "2024-05-01T10:00:01.123Z",
    "notifications": {"ops": {"outcome": "delivered", "attempts": 1, "last_error": null},
                      "email": {"outcome": "retrying", "attempts": 3, "last_error": "timeout"}}
  })"));
}

TEST(AlertJson, WhatWasNotAnnouncedHasNoNotifications) {
  const json shown = AlertJson(*FiringAlert(CpuUsageRule(), "a"), std::nullopt);
  EXPECT_EQ(shown.at("notifications_sent"), 0);
  EXPECT_TRUE(shown.at("last_notification_at").is_null());
  EXPECT_EQ(shown.at("notifications"), json::object());
}

TEST(AlertJson, APendingAlertHasNotBeenTriggered) {
  auto alert = FiringAlert(CpuUsageRule(), "a");
  alert->state = AlertState::kPending;
  alert->triggered_at.reset();
  const json shown = AlertJson(*alert, std::nullopt);
  EXPECT_EQ(shown.at("status"), "pending");
  EXPECT_TRUE(shown.at("triggered_at").is_null());
}

TEST(AlertJson, TellsWhoAcknowledgedAndWhoResolvedAndWhy) {
  auto alert = FiringAlert(CpuUsageRule(), "a");
  alert->state = AlertState::kResolved;
  alert->acknowledged_at = FiredAt() + seconds(1);
  alert->acknowledged_by = "anna";
  alert->acknowledge_note = "looking";
  alert->resolved_at = FiredAt() + seconds(2);
  alert->resolved_by = "bob";
  alert->resolve_note = "done";
  alert->resolved_reason = ResolveReason::kManual;
  const json shown = AlertJson(*alert, std::nullopt);
  EXPECT_EQ(shown.at("status"), "resolved");
  EXPECT_EQ(shown.at("acknowledged_at"), "2024-05-01T10:00:01.123Z");
  EXPECT_EQ(shown.at("acknowledged_by"), "anna");
  EXPECT_EQ(shown.at("acknowledge_note"), "looking");
  EXPECT_EQ(shown.at("resolved_at"), "2024-05-01T10:00:02.123Z");
  EXPECT_EQ(shown.at("resolved_by"), "bob");
  EXPECT_EQ(shown.at("resolve_note"), "done");
  EXPECT_EQ(shown.at("resolved_reason"), "manual");
}

TEST(AlertJson, NamesEveryReasonOfAResolution) {
  const std::vector<std::pair<ResolveReason, std::string>> reasons = {
      {ResolveReason::kRecovered, "recovered"},
      {ResolveReason::kManual, "manual"},
      {ResolveReason::kRuleDeleted, "rule_deleted"},
      {ResolveReason::kRuleDisabled, "rule_disabled"},
      {ResolveReason::kRuleChanged, "rule_changed"},
      {ResolveReason::kStale, "stale"}};
  for (const auto& [reason, word] : reasons) {
    auto alert = FiringAlert(CpuUsageRule(), "a");
    alert->resolved_reason = reason;
    EXPECT_EQ(AlertJson(*alert, std::nullopt).at("resolved_reason"), word);
  }
}

TEST(AlertJson, ValuesArePrintedAsPythonPrintsThem) {
  const std::vector<std::pair<double, std::string>> values = {
      {85.5, "85.5"},
      {95, "95.0"},
      {0, "0.0"},
      {-3, "-3.0"},
      {0.1, "0.1"},
      {1e22, "1e+22"},
      {1e-7, "1e-07"},
      {1.0 / 3, "0.3333333333333333"},
      {std::numeric_limits<double>::infinity(), "inf"}};
  for (const auto& [value, text] : values) {
    auto alert = FiringAlert(CpuUsageRule(), "a");
    alert->value = value;
    EXPECT_EQ(AlertJson(*alert, std::nullopt).at("metric_value"), text);
  }
}

TEST(AlertJson, WholeSecondsHaveNoFraction) {
  auto alert = FiringAlert(CpuUsageRule(), "a");
  alert->triggered_at = FromUnixMillis(1'714'557'600'000);
  EXPECT_EQ(AlertJson(*alert, std::nullopt).at("triggered_at"), "2024-05-01T10:00:00Z");
}

TEST(AlertJson, TextsOfEveryKindComeBackAsTheyWere) {
  auto rule = CpuUsageRule();
  rule->name = "\"quotes\" <b>markup</b> \xF0\x9F\x94\xA5 \\ \n";
  auto alert = FiringAlert(rule, "a", std::string("nul\0byte", 8));
  const json shown = AlertJson(*alert, std::nullopt);
  EXPECT_EQ(shown.at("name"), rule->name);
  EXPECT_EQ(shown.at("rule_name"), rule->name);
  EXPECT_EQ(shown.at("metadata").at("host"), std::string("nul\0byte", 8));
}

TEST(AlertJson, BytesThatAreNoTextDoNotSpoilTheAnswer) {
  auto alert = FiringAlert(CpuUsageRule(), "a", "bad\xff");
  EXPECT_EQ(AlertJson(*alert, std::nullopt).at("metadata").at("host"), "bad\xEF\xBF\xBD");
}

TEST(EventsJson, TellsTheStatesOfAnEpisodeInTheirOrder) {
  auto alert = FiringAlert(CpuUsageRule(), "a");
  alert->acknowledged_at = FiredAt() + seconds(1);
  alert->acknowledged_by = "anna";
  alert->resolved_at = FiredAt() + seconds(2);
  alert->resolved_reason = ResolveReason::kRecovered;
  EXPECT_EQ(Plain(EventsJson(*alert)), json::parse(R"([
    {"status": "pending", "at": "2024-05-01T09:59:00.123Z"},
    {"status": "active", "at": "2024-05-01T10:00:00.123Z"},
    {"status": "acknowledged", "at": "2024-05-01T10:00:01.123Z", "actor": "anna", "note": null},
    {"status": "resolved", "at": "2024-05-01T10:00:02.123Z", "reason": "recovered",
     "actor": null, "note": null}
  ])"));
}

TEST(EventsJson, WithoutDurationAnAlertWasNeverPending) {
  auto rule = CpuUsageRule();
  rule->duration = Duration(0);
  EXPECT_EQ(Plain(EventsJson(*FiringAlert(rule, "a"))),
            json::parse(R"([{"status": "active", "at": "2024-05-01T10:00:00.123Z"}])"));
}

TEST(EventsJson, APendingAlertHasOneEvent) {
  auto alert = FiringAlert(CpuUsageRule(), "a");
  alert->triggered_at.reset();
  EXPECT_EQ(Plain(EventsJson(*alert)),
            json::parse(R"([{"status": "pending", "at": "2024-05-01T09:59:00.123Z"}])"));
}

}  // namespace
}  // namespace tocsin::api
