#include "base/alert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tocsin {
namespace {

Alert FullAlert() {
  auto rule = std::make_shared<ThresholdRule>();
  rule->id = "rule-id";
  rule->name = "R \"quoted\" \xf0\x9f\x9a\xa8";
  rule->description = "text";
  rule->metric_name = "system.cpu.usage";
  rule->series_name = "system_cpu_usage";
  rule->matchers = {*Matcher::Make("host", Matcher::Op::kRegex, "web.*")};
  rule->condition = Condition::kLessEqual;
  rule->threshold = 0.1;
  rule->threshold_text = "0.10";
  rule->duration = std::chrono::seconds(60);
  rule->severity = Severity::kLow;
  rule->enabled = false;
  rule->notification_channels = {"email", "slack"};
  rule->notification_template = "{value}";
  rule->cooldown = std::chrono::seconds(7);
  rule->stale_after = std::chrono::minutes(2);
  rule->stale_alerts = StaleAlerts::kKeep;
  rule->runbook_url = "https://wiki/disk";
  rule->dashboard_url = "https://grafana/d/1";
  rule->source_file = "rules.d/x.yml";
  rule->source_line = 12;
  Alert alert;
  alert.id = "episode";
  alert.fingerprint = 0xdeadbeef12345678ULL;
  alert.state = AlertState::kResolved;
  alert.rule = rule;
  alert.labels = Labels{{"alertname", "R"}};
  alert.metadata = Labels{{"host", "web1"}};
  alert.value = -std::numeric_limits<double>::infinity();
  alert.last_value_at = FromUnixMillis(5);
  alert.pending_since = FromUnixMillis(1);
  alert.triggered_at = FromUnixMillis(2);
  alert.acknowledged_at = FromUnixMillis(3);
  alert.resolved_at = FromUnixMillis(4);
  alert.updated_at = FromUnixMillis(6);
  alert.acknowledged_by = "anna";
  alert.acknowledge_note = "looking";
  alert.resolved_by = "ben";
  alert.resolve_note = "done";
  alert.resolved_reason = ResolveReason::kManual;
  return alert;
}

TEST(SerializeAlert, EveryFieldComesBack) {
  const Alert alert = FullAlert();
  const Result<Alert> read = ParseAlert(SerializeAlert(alert));
  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(read->id, alert.id);
  EXPECT_EQ(read->fingerprint, alert.fingerprint);
  EXPECT_EQ(read->state, alert.state);
  EXPECT_EQ(read->labels, alert.labels);
  EXPECT_EQ(read->metadata, alert.metadata);
  EXPECT_EQ(read->value, alert.value);
  EXPECT_EQ(read->last_value_at, alert.last_value_at);
  EXPECT_EQ(read->pending_since, alert.pending_since);
  EXPECT_EQ(read->triggered_at, alert.triggered_at);
  EXPECT_EQ(read->acknowledged_at, alert.acknowledged_at);
  EXPECT_EQ(read->resolved_at, alert.resolved_at);
  EXPECT_EQ(read->updated_at, alert.updated_at);
  EXPECT_EQ(read->acknowledged_by, alert.acknowledged_by);
  EXPECT_EQ(read->acknowledge_note, alert.acknowledge_note);
  EXPECT_EQ(read->resolved_by, alert.resolved_by);
  EXPECT_EQ(read->resolve_note, alert.resolve_note);
  EXPECT_EQ(read->resolved_reason, alert.resolved_reason);
  const ThresholdRule& rule = *read->rule;
  EXPECT_EQ(rule.id, alert.rule->id);
  EXPECT_EQ(rule.name, alert.rule->name);
  EXPECT_EQ(rule.description, alert.rule->description);
  EXPECT_EQ(rule.metric_name, alert.rule->metric_name);
  EXPECT_TRUE(rule.SameCondition(*alert.rule));
  EXPECT_EQ(rule.threshold_text, alert.rule->threshold_text);
  EXPECT_EQ(rule.duration, alert.rule->duration);
  EXPECT_EQ(rule.severity, alert.rule->severity);
  EXPECT_EQ(rule.enabled, alert.rule->enabled);
  EXPECT_EQ(rule.notification_channels, alert.rule->notification_channels);
  EXPECT_EQ(rule.notification_template, alert.rule->notification_template);
  EXPECT_EQ(rule.cooldown, alert.rule->cooldown);
  EXPECT_EQ(rule.stale_after, alert.rule->stale_after);
  EXPECT_EQ(rule.stale_alerts, StaleAlerts::kKeep);
  EXPECT_EQ(rule.runbook_url, "https://wiki/disk");
  EXPECT_EQ(rule.dashboard_url, "https://grafana/d/1");
  EXPECT_EQ(rule.source_file, alert.rule->source_file);
  EXPECT_EQ(rule.source_line, alert.rule->source_line);
}

// As earlier versions wrote them, whose rules had fewer fields.
TEST(ParseAlert, ReadsRowsWithoutTheFieldsThatCameLater) {
  Alert alert = FullAlert();
  auto rule = std::make_shared<ThresholdRule>(*alert.rule);
  rule->stale_alerts.reset();
  rule->runbook_url.clear();
  rule->dashboard_url.clear();
  alert.rule = rule;
  const std::string row = SerializeAlert(alert);
  EXPECT_EQ(row.find("stale_alerts"), std::string::npos);
  EXPECT_EQ(row.find("_url"), std::string::npos);
  const Result<Alert> read = ParseAlert(row);
  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(*read->rule, *rule);
}

TEST(ParseAlert, RefusesTextOfAnotherMakingWithoutThrowing) {
  std::string other_version = SerializeAlert(FullAlert());
  other_version.replace(other_version.find("\"v\":1"), 5, "\"v\":9");
  for (const std::string& text : {std::string(), std::string("{}"), std::string("[1]"),
                                  std::string("{\"v\":1}"), other_version}) {
    EXPECT_FALSE(ParseAlert(text).ok()) << text;
  }
}

TEST(AlertState, IsCalledActiveInTheAlertingApi) {
  EXPECT_EQ(AlertStateName(AlertState::kFiring), "active");
  EXPECT_EQ(ParseAlertState("acknowledged"), AlertState::kAcknowledged);
  EXPECT_FALSE(ParseAlertState("firing").has_value());
  EXPECT_EQ(ResolveReasonName(ResolveReason::kStale), "stale");
  EXPECT_EQ(ResolveReasonName(ResolveReason::kExpired), "expired");
}

}  // namespace
}  // namespace tocsin
