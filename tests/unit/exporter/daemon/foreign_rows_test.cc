#include "exporter/daemon/foreign_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/lifecycle/engine.h"
#include "evaluator/rules/rule_index.h"
#include "evaluator/rules/threshold_watch.h"
#include "tests/unit/exporter/daemon/foreign_world.h"

namespace tocsin::daemon {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::AlertRow;
using tocsin::testing::IntegerValue;
using tocsin::testing::kAlertId;
using tocsin::testing::kNow;
using tocsin::testing::kRuleId;
using tocsin::testing::RowBuilder;
using tocsin::testing::RuleRow;
using tocsin::testing::TextValue;
using Faults = std::vector<std::string>;
using Channels = std::vector<std::string>;
using Kind = evaluator::ForeignValue::Kind;

Timestamp At(const char* text) { return *ParseRfc3339(text); }

class ForeignRows : public ::testing::Test {
 protected:
  Converted<evaluator::ManagedRule> Rule(RowBuilder row) const {
    return ConvertRule(row.row(), receivers_, kNow);
  }
  ThresholdRule SoundRule(const RowBuilder& row) const {
    const auto converted = Rule(row);
    EXPECT_THAT(converted.faults, IsEmpty());
    return converted.value ? *converted.value->rule : ThresholdRule();
  }
  Converted<Alert> AlertOf(RowBuilder row) const {
    const FindRule find = [this](const std::string& id) {
      return known_ != nullptr && known_->id == id ? known_ : nullptr;
    };
    return ConvertAlert(row.row(), find, receivers_, kNow);
  }
  Alert SoundAlert(const RowBuilder& row) const {
    auto converted = AlertOf(row);
    EXPECT_THAT(converted.faults, IsEmpty());
    return converted.value ? *std::move(converted.value) : Alert();
  }

  const config::ReceiverNames receivers_ = tocsin::testing::SomeReceivers();
  std::shared_ptr<const ThresholdRule> known_ =
      std::make_shared<const ThresholdRule>(SoundRule(RuleRow()));
};

TEST_F(ForeignRows, ARuleKeepsAllThatItSays) {
  const auto converted = Rule(RuleRow());
  ASSERT_THAT(converted.faults, IsEmpty());
  const ThresholdRule& rule = *converted.value->rule;
  EXPECT_EQ(rule.id, kRuleId);
  EXPECT_EQ(rule.name, "High CPU Usage");
  EXPECT_EQ(rule.description, "hot");
  EXPECT_EQ(rule.metric_name, "system.cpu.usage");
  EXPECT_EQ(rule.series_name, "system_cpu_usage");
  EXPECT_EQ(rule.condition, Condition::kGreater);
  EXPECT_EQ(rule.threshold, 80);
  EXPECT_EQ(rule.threshold_text, "80.0");
  EXPECT_EQ(rule.duration, seconds(60));
  EXPECT_EQ(rule.severity, Severity::kHigh);
  EXPECT_TRUE(rule.enabled);
  EXPECT_EQ(rule.notification_channels, (Channels{"email", "slack"}));
  EXPECT_EQ(rule.notification_template, "{value}% on {host}");
  EXPECT_EQ(rule.cooldown, seconds(300));
  EXPECT_EQ(rule.source_file, "");
  EXPECT_EQ(converted.value->created_at, At("2024-05-01T10:00:00.123Z"));  // naive: UTC
  EXPECT_EQ(converted.value->updated_at, At("2024-05-02T10:00:00Z"));
  EXPECT_EQ(converted.value->created_by, "anna");
}

TEST_F(ForeignRows, WhatARuleDoesNotSayHasTheDefaultOfAPost) {
  RowBuilder row = RuleRow();
  for (const char* column :
       {"description", "duration", "enabled", "notification_channels", "notification_template",
        "cooldown_period", "created_at", "updated_at", "created_by"}) {
    row.Null(column);
  }
  const auto converted = Rule(row);
  ASSERT_THAT(converted.faults, IsEmpty());
  const ThresholdRule& rule = *converted.value->rule;
  EXPECT_EQ(rule.description, "");
  EXPECT_EQ(rule.duration, seconds(0));
  EXPECT_TRUE(rule.enabled);
  EXPECT_THAT(rule.notification_channels, IsEmpty());
  EXPECT_EQ(rule.cooldown, seconds(300));
  EXPECT_EQ(converted.value->created_at, kNow);
  EXPECT_EQ(converted.value->updated_at, kNow);
  EXPECT_EQ(converted.value->created_by, "");
}

TEST_F(ForeignRows, ChannelsAreAnArrayOrNamesBetweenCommas) {
  const std::vector<std::pair<const char*, Channels>> cases = {
      {R"(["email","ops"])", {"email", "ops"}},
      {" [ ] ", {}},
      {"", {}},
      {"email", {"email"}},
      {"email, ops ,", {"email", "ops"}},
      {"email,email", {"email"}},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(SoundRule(RuleRow().Set("notification_channels", text)).notification_channels,
              expected)
        << text;
  }
  EXPECT_THAT(Rule(RuleRow().Set("notification_channels", "['email']")).faults,
              ElementsAre("notification_channels: begins like a JSON array and is none"));
  EXPECT_THAT(
      Rule(RuleRow().Set("notification_channels", "email,sms,fax")).faults,
      ElementsAre("notification_channels.1: unknown notification channel \"sms\"; known: email, "
                  "slack, discord, webhook, teams, pagerduty, ops",
                  "notification_channels.2: unknown notification channel \"fax\"; known: email, "
                  "slack, discord, webhook, teams, pagerduty, ops"));
}

TEST_F(ForeignRows, ColumnsMayHoldValuesOfAnotherKind) {
  const ThresholdRule rule = SoundRule(RuleRow()
                                           .Set("threshold", {Kind::kReal, 0, 80.5, {}})
                                           .Set("duration", "60")
                                           .Set("enabled", IntegerValue(0))
                                           .Set("severity", "HIGH"));
  EXPECT_EQ(rule.threshold_text, "80.5");
  EXPECT_EQ(rule.duration, seconds(60));
  EXPECT_FALSE(rule.enabled);
  EXPECT_EQ(rule.severity, Severity::kHigh);
}

TEST_F(ForeignRows, AllThatIsWrongWithARuleIsTold) {
  RowBuilder row = RuleRow()
                       .Null("id")
                       .Null("name")
                       .Set("metric_name", TextValue("cpu\xff"))
                       .Set("condition", "=>")
                       .Set("threshold", "hot")
                       .Set("duration", IntegerValue(-1))
                       .Set("severity", "grave")
                       .Set("enabled", IntegerValue(2))
                       .Set("notification_template", "{value")
                       .Set("cooldown_period", "soon")
                       .Set("created_at", "yesterday")
                       .Set("updated_at", "2024-06-01")
                       .Set("created_by", {Kind::kBytes, 0, 0, {}})
                       .Set("description", {Kind::kTooLong, 0, 0, {}});
  const Faults faults = Rule(row).faults;
  EXPECT_THAT(
      faults,
      ::testing::UnorderedElementsAre(
          "id: none is not an allowed value", "name: none is not an allowed value",
          "metric_name: this is not UTF-8",
          "condition: string does not match regex \"^(>|<|>=|<=|==|!=)$\"",
          "threshold: threshold must be a number",
          "duration: ensure this value is greater than or equal to 0",
          "severity: value is not a valid enumeration member; permitted: critical, high, medium, "
          "low, info",
          "enabled: value could not be parsed to a boolean",
          ::testing::StartsWith("notification_template: "),
          "cooldown_period: value is not a valid integer", "created_at: invalid datetime format",
          "updated_at: invalid datetime format", "created_by: these are bytes and no text",
          "description: longer than 1048576 bytes"));
  EXPECT_FALSE(Rule(row).value);
}

TEST_F(ForeignRows, TimesInTheFutureAreRefused) {
  EXPECT_THAT(Rule(RuleRow().Set("created_at", "2024-05-04 00:06:00")).faults,
              ElementsAre("created_at: 2024-05-04T00:06:00Z lies in the future"));
  EXPECT_THAT(Rule(RuleRow().Set("created_at", "2024-05-04 00:04:00")).faults, IsEmpty());
}

TEST_F(ForeignRows, AnIdThatIsAUuidStaysAndAnotherBecomesOne) {
  EXPECT_EQ(SoundRule(RuleRow().Set("id", "6A0F3C52-8A55-4F6E-9A31-0B4A7A1C2D3E")).id, kRuleId);
  const std::string made = SoundRule(RuleRow().Set("id", "rule-1")).id;
  EXPECT_EQ(made.size(), 36U);
  EXPECT_EQ(SoundRule(RuleRow().Set("id", "rule-1")).id, made);
  EXPECT_NE(SoundRule(RuleRow().Set("id", "rule-2")).id, made);
  // So that an alert finds its rule.
  EXPECT_EQ(SoundAlert(AlertRow().Set("rule_id", "rule-1")).rule->id, made);
}

TEST_F(ForeignRows, NamesInMessagesMoveNoCursor) {
  RowBuilder row = RuleRow().Set("name", "a\x1b[2J\nb\"").Set("id", "x\ry");
  EXPECT_EQ(NameOfRow(row.row()), R"("a\x1b[2J\nb\"" (x\ry))");
}

// ---- alerts

TEST_F(ForeignRows, AnAlertIsTheOneThatTheEngineWouldRaise) {
  const Alert alert = SoundAlert(AlertRow());
  EXPECT_EQ(alert.id, kAlertId);
  EXPECT_EQ(alert.state, AlertState::kFiring);
  EXPECT_EQ(*alert.rule, *known_);
  EXPECT_EQ(alert.value, 85.5);
  EXPECT_EQ(alert.triggered_at, At("2024-05-03T10:00:00.5Z"));
  EXPECT_EQ(alert.pending_since, *alert.triggered_at);
  EXPECT_EQ(alert.updated_at, kNow);
  EXPECT_EQ(alert.metadata, (Labels{{"host", "web-1"}, {"data_center", "us"}, {"n", "7"}}));
  EXPECT_EQ(alert.labels, (Labels{{"host", "web-1"},
                                  {"data_center", "us"},
                                  {"n", "7"},
                                  {"alertname", "High CPU Usage"},
                                  {"severity", "critical"},
                                  {"pynomaly_severity", "high"},
                                  {"priority", "high"}}));
  // What looks at the series of such a sample.
  const evaluator::RuleIndex index({known_}, seconds(300));
  const Labels series{
      {"__name__", "system_cpu_usage"}, {"host", "web-1"}, {"data_center", "us"}, {"n", "7"}};
  const auto watches = index.Make(series, {});
  ASSERT_EQ(watches.size(), 1U);
  EXPECT_EQ(alert.fingerprint,
            std::dynamic_pointer_cast<evaluator::ThresholdWatch>(watches[0])->fingerprint());
}

TEST_F(ForeignRows, EachStateHasItsTimes) {
  RowBuilder row = AlertRow()
                       .Set("acknowledged_at", "2024-05-03 10:01:00")
                       .Set("resolved_at", "2024-05-03 10:02:00");
  const Alert active = SoundAlert(row);
  EXPECT_FALSE(active.acknowledged_at || active.resolved_at);
  EXPECT_EQ(SoundAlert(row.Set("status", "suppressed")).state, AlertState::kFiring);
  const Alert acknowledged = SoundAlert(row.Set("status", "acknowledged"));
  EXPECT_EQ(acknowledged.state, AlertState::kAcknowledged);
  EXPECT_EQ(acknowledged.acknowledged_at, At("2024-05-03T10:01:00Z"));
  EXPECT_FALSE(acknowledged.resolved_at);
  const Alert resolved = SoundAlert(row.Set("status", "RESOLVED"));
  EXPECT_EQ(resolved.state, AlertState::kResolved);
  EXPECT_EQ(resolved.acknowledged_at, At("2024-05-03T10:01:00Z"));
  EXPECT_EQ(resolved.resolved_at, At("2024-05-03T10:02:00Z"));
  EXPECT_EQ(resolved.updated_at, *resolved.resolved_at);
  EXPECT_EQ(resolved.resolved_reason, ResolveReason::kNone);
}

TEST_F(ForeignRows, StatesWithoutATimeHaveTheOneBefore) {
  RowBuilder row = AlertRow().Set("status", "acknowledged");
  EXPECT_EQ(SoundAlert(row).acknowledged_at, At("2024-05-03T10:00:00.5Z"));
  EXPECT_EQ(SoundAlert(row.Set("status", "resolved")).resolved_at, At("2024-05-03T10:00:00.5Z"));
  row.Set("acknowledged_at", "2024-05-03 10:01:00");
  EXPECT_EQ(SoundAlert(row).resolved_at, At("2024-05-03T10:01:00Z"));
}

TEST_F(ForeignRows, AnAlertKeepsItsOwnTextsAndItsRuleTheRest) {
  const Alert alert = SoundAlert(AlertRow()
                                     .Set("name", "Former name")
                                     .Null("description")
                                     .Set("severity", "low")
                                     .Set("threshold", "75"));
  EXPECT_EQ(alert.rule->name, "Former name");
  EXPECT_EQ(alert.rule->description, "hot");
  EXPECT_EQ(alert.rule->severity, Severity::kLow);
  EXPECT_EQ(alert.rule->threshold, 75);
  EXPECT_EQ(alert.rule->cooldown, known_->cooldown);
  EXPECT_EQ(alert.rule->notification_channels, known_->notification_channels);
  EXPECT_EQ(alert.labels.Get("priority"), "low");
}

TEST_F(ForeignRows, AnAlertWhoseRuleIsGoneHasOneOfItsOwn) {
  known_ = nullptr;
  const Alert above = SoundAlert(AlertRow());
  EXPECT_EQ(above.rule->id, kRuleId);
  EXPECT_EQ(above.rule->name, "High CPU Usage");
  EXPECT_EQ(above.rule->threshold_text, "80.0");
  EXPECT_EQ(above.rule->condition, Condition::kGreater);
  EXPECT_EQ(SoundAlert(AlertRow().Set("metric_value", "5")).rule->condition, Condition::kLess);
  EXPECT_EQ(SoundAlert(AlertRow().Set("metric_value", "80")).rule->condition, Condition::kEqual);
  EXPECT_EQ(SoundAlert(AlertRow().Null("rule_id")).rule->id, kAlertId);
  EXPECT_THAT(
      AlertOf(AlertRow().Null("threshold").Null("name")).faults,
      ElementsAre("name: none is not an allowed value", "threshold: none is not an allowed value"));
}

TEST_F(ForeignRows, AllThatIsWrongWithAnAlertIsTold) {
  const Faults faults = AlertOf(AlertRow()
                                    .Null("id")
                                    .Set("metric_name", "")
                                    .Set("severity", "grave")
                                    .Set("status", "over")
                                    .Set("metric_value", "NaN")
                                    .Null("triggered_at")
                                    .Set("resolved_at", "2124-05-03 10:00:00")
                                    .Set("metadata", R"({"host": ["a"], "__x": "b"})"))
                            .faults;
  EXPECT_THAT(
      faults,
      ::testing::UnorderedElementsAre(
          "id: none is not an allowed value",
          "metric_name: ensure this value has at least 1 characters",
          "severity: value is not a valid enumeration member; permitted: critical, high, medium, "
          "low, info",
          "status: value is not a valid enumeration member; permitted: active, acknowledged, "
          "resolved, suppressed",
          "metric_value: value must be a finite number",
          "triggered_at: none is not an allowed value",
          "resolved_at: 2124-05-03T10:00:00Z lies in the future",
          "metadata.host: str type expected",
          "metadata.__x: label names that begin with \"__\" are reserved"));
}

TEST_F(ForeignRows, MetadataAreAnObjectOrNothing) {
  EXPECT_TRUE(SoundAlert(AlertRow().Null("metadata")).metadata.empty());
  EXPECT_TRUE(SoundAlert(AlertRow().Set("metadata", "null")).metadata.empty());
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"[]", "metadata: value is not a valid dict"},
      {"{'host': 'a'}", "metadata: this is no JSON"},
      {R"({}, "value": 1)", "metadata: this is no JSON"},
      {R"({"a": NaN})", "metadata: this is no JSON"},
      {R"({"a": )" + std::string(2000, '[') + std::string(2000, ']') + "}",
       "metadata: this is nested too deeply"},
      {std::string(500'000, '['), "metadata: this is no JSON"},
  };
  for (const auto& [text, fault] : cases) {
    EXPECT_THAT(AlertOf(AlertRow().Set("metadata", TextValue(text))).faults, ElementsAre(fault))
        << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace tocsin::daemon
