#include "exporter/api/rule_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json_library.h"
#include "tests/support/evaluator_builders.h"

namespace tocsin::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the alerting API's README has as an example.
constexpr const char* kWhole = R"({
  "name": "High CPU Usage", "description": "too high", "metric_name": "system.cpu.usage",
  "labels": {"host.name": "a"}, "condition": ">", "threshold": "80.0", "duration": 60,
  "severity": "HIGH", "enabled": false, "notification_channels": ["email", "ops", "email"],
  "notification_template": "{value} on {host}", "cooldown_period": 0})";

config::ReceiverNames Known() {
  config::ReceiverSettings ops;
  ops.name = "ops";
  return config::ReceiverNames({ops});
}

// "body.name value_error.missing field required", one a fault.
std::vector<std::string> Faults(const std::string& text,
                                RuleFields fields = RuleFields::kAllRequired) {
  Json faults = Json::array();
  ReadRuleBody(ParseJson(text), fields, Known(), &faults);
  std::vector<std::string> lines;
  for (const Json& fault : faults) {
    std::string where;
    for (const Json& part : fault["loc"]) {
      if (!where.empty()) where += '.';
      where += part.is_string() ? part.get<std::string>() : WriteJson(part);
    }
    lines.push_back(where + " " + fault["type"].get<std::string>() + ": " +
                    fault["msg"].get<std::string>());
  }
  return lines;
}

ThresholdRule Read(const std::string& text) {
  Json faults = Json::array();
  const RuleBody body = ReadRuleBody(ParseJson(text), RuleFields::kAllRequired, Known(), &faults);
  EXPECT_TRUE(faults.empty()) << WriteJson(faults);
  ThresholdRule rule;
  body.ApplyTo(&rule);
  return rule;
}

// A sound body with one member replaced.
std::string With(const std::string& member, const std::string& value) {
  nlohmann::json body = ParseJson(kWhole);
  body[member] = ParseJson(value);
  return WriteJson(body);
}

TEST(RuleBody, HasEveryFieldOfARule) {
  const ThresholdRule rule = Read(kWhole);
  EXPECT_EQ(rule.name, "High CPU Usage");
  EXPECT_EQ(rule.description, "too high");
  EXPECT_EQ(rule.metric_name, "system.cpu.usage");
  EXPECT_EQ(rule.series_name, "system_cpu_usage");
  EXPECT_THAT(rule.matchers, ElementsAre(Matcher::Equal("host_name", "a")));
  EXPECT_EQ(rule.condition, Condition::kGreater);
  EXPECT_EQ(rule.threshold_text, "80.0");
  EXPECT_EQ(rule.threshold, 80);
  EXPECT_EQ(rule.duration, std::chrono::seconds(60));
  EXPECT_EQ(rule.severity, Severity::kHigh);
  EXPECT_FALSE(rule.enabled);
  EXPECT_THAT(rule.notification_channels, ElementsAre("email", "ops"));
  EXPECT_EQ(rule.notification_template, "{value} on {host}");
  EXPECT_EQ(rule.cooldown, Duration(0));
}

TEST(RuleBody, WhatIsNotSaidHasTheContractsDefault) {
  const ThresholdRule rule =
      Read(R"({"name":"n","metric_name":"m","condition":"<=","threshold":1,"severity":"warning",
               "notification_channels":[],"unknown":{"member":1}})");
  EXPECT_EQ(rule.description, "");
  EXPECT_EQ(rule.duration, Duration(0));
  EXPECT_TRUE(rule.enabled);
  EXPECT_EQ(rule.cooldown, std::chrono::seconds(300));
  EXPECT_EQ(rule.severity, Severity::kMedium);
  EXPECT_THAT(rule.notification_channels, IsEmpty());
}

TEST(RuleBody, SaysWhatBecomesOfStaleAlertsAndNullIsTheSetting) {
  EXPECT_EQ(Read(kWhole).stale_alerts, std::nullopt);
  EXPECT_EQ(Read(With("stale_alerts", R"("resolve")")).stale_alerts, StaleAlerts::kResolve);
  ThresholdRule rule = Read(With("stale_alerts", R"("keep")"));
  EXPECT_EQ(rule.stale_alerts, StaleAlerts::kKeep);
  const auto change = [&rule](const char* body) {
    Json faults = Json::array();
    ReadRuleBody(ParseJson(body), RuleFields::kAnySubset, Known(), &faults).ApplyTo(&rule);
    EXPECT_TRUE(faults.empty());
    return rule.stale_alerts;
  };
  EXPECT_EQ(change("{}"), StaleAlerts::kKeep);
  EXPECT_EQ(change(R"({"stale_alerts":null})"), std::nullopt);
  EXPECT_THAT(Faults(With("stale_alerts", R"("forget")")),
              ElementsAre("body.stale_alerts type_error.enum: value is not a valid enumeration "
                          "member; permitted: resolve, keep"));
  EXPECT_THAT(Faults(With("stale_alerts", "true")),
              ElementsAre("body.stale_alerts type_error.str: str type expected"));
}

TEST(RuleBody, HasLinksThatAreUrls) {
  for (const char* field : {"runbook_url", "dashboard_url"}) {
    const bool is_runbook = std::string(field) == "runbook_url";
    const auto link = [&](const std::string& value) {
      const ThresholdRule rule = Read(With(field, value));
      return is_runbook ? rule.runbook_url : rule.dashboard_url;
    };
    EXPECT_EQ(link(R"("https://wiki/x")"), "https://wiki/x");
    EXPECT_EQ(link("null"), "");
    EXPECT_EQ(link(R"("")"), "");
    const std::string place = std::string("body.") + field;
    for (const std::string& bad :
         {std::string(R"("wiki/x")"), std::string(R"-("javascript:alert(1)")-"),
          "\"https://" + std::string(1000, 'x') + "\""}) {
      EXPECT_THAT(Faults(With(field, bad)),
                  ElementsAre(::testing::StartsWith(place + " value_error.url: ")))
          << bad.substr(0, 50);
    }
    EXPECT_THAT(Faults(With(field, "5")),
                ElementsAre(place + " type_error.str: str type expected"));
  }
}

TEST(RuleBody, AThresholdMayBeANumber) {
  EXPECT_EQ(Read(With("threshold", "80")).threshold_text, "80");
  EXPECT_EQ(Read(With("threshold", "80.0")).threshold_text, "80.0");
  EXPECT_EQ(Read(With("threshold", "-0.5")).threshold, -0.5);
  EXPECT_EQ(Read(With("threshold", "\"1e3\"")).threshold, 1000);
}

TEST(RuleBody, AllThatIsMissingIsListed) {
  EXPECT_THAT(Faults("{}"),
              ElementsAre("body.name value_error.missing: field required",
                          "body.metric_name value_error.missing: field required",
                          "body.condition value_error.missing: field required",
                          "body.threshold value_error.missing: field required",
                          "body.severity value_error.missing: field required",
                          "body.notification_channels value_error.missing: field required"));
}

TEST(RuleBody, AChangeMaySayAnySubset) {
  EXPECT_THAT(Faults("{}", RuleFields::kAnySubset), IsEmpty());
  EXPECT_THAT(Faults(R"({"notification_channels":[]})", RuleFields::kAnySubset), IsEmpty());
}

TEST(RuleBody, ASubsetLeavesTheRestAsItIs) {
  Json faults = Json::array();
  const RuleBody body = ReadRuleBody(ParseJson(R"({"threshold":"90","description":null})"),
                                     RuleFields::kAnySubset, Known(), &faults);
  EXPECT_TRUE(faults.empty());
  ThresholdRule rule = Read(kWhole);
  ThresholdRule expected = rule;
  expected.threshold = 90;
  expected.threshold_text = "90";
  expected.description = "";
  body.ApplyTo(&rule);
  EXPECT_EQ(rule, expected);
}

TEST(RuleBody, NullIsAllowedWhereATextMayBeAbsent) {
  EXPECT_EQ(Read(With("description", "null")).description, "");
  EXPECT_EQ(Read(With("notification_template", "null")).notification_template, "");
  for (const char* field : {"name", "metric_name", "condition", "threshold", "severity", "enabled",
                            "notification_channels", "duration", "cooldown_period", "labels"}) {
    EXPECT_THAT(Faults(With(field, "null")),
                ElementsAre(std::string("body.") + field +
                            " type_error.none.not_allowed: none is not an allowed value"));
  }
}

struct Bad {
  const char* field;
  std::string value;
  const char* fault;
};

TEST(RuleBody, EachWrongValueIsRefusedWithItsPlace) {
  const std::string long_word = "\"" + std::string(256, 'x') + "\"";
  const std::vector<Bad> cases = {
      {"name", "\"\"",
       "body.name value_error.any_str.min_length: ensure this value has at least 1 characters"},
      {"name", long_word,
       "body.name value_error.any_str.max_length: ensure this value has at most 255 characters"},
      {"name", "7", "body.name type_error.str: str type expected"},
      {"description", "[]", "body.description type_error.str: str type expected"},
      {"metric_name", "\"\"",
       "body.metric_name value_error.any_str.min_length: ensure this value has at least 1 "
       "characters"},
      {"condition", "\"=\"",
       "body.condition value_error.str.regex: string does not match regex "
       "\"^(>|<|>=|<=|==|!=)$\""},
      {"threshold", "\"high\"", "body.threshold type_error.float: threshold must be a number"},
      {"threshold", "\"NaN\"", "body.threshold type_error.float: threshold must be a number"},
      {"threshold", "\"-Inf\"", "body.threshold type_error.float: threshold must be a number"},
      {"threshold", "true", "body.threshold type_error.str: str type expected"},
      {"duration", "-1",
       "body.duration value_error.number.not_ge: ensure this value is greater than or equal to 0"},
      {"duration", "1.5", "body.duration type_error.integer: value is not a valid integer"},
      {"duration", "\"soon\"", "body.duration type_error.integer: value is not a valid integer"},
      {"duration", "18446744073709551615",
       "body.duration value_error.number.not_le: ensure this value is less than or equal to "
       "315360000"},
      {"cooldown_period", "[]",
       "body.cooldown_period type_error.integer: value is not a valid integer"},
      {"severity", "\"urgent\"",
       "body.severity type_error.enum: value is not a valid enumeration member; permitted: "
       "critical, high, medium, low, info"},
      {"enabled", "\"yes\"",
       "body.enabled type_error.bool: value could not be parsed to a boolean"},
      {"notification_channels", "\"email\"",
       "body.notification_channels type_error.list: value is not a valid list"},
      {"notification_channels", "[\"email\", 1]",
       "body.notification_channels.1 type_error.str: str type expected"},
      {"notification_channels", "[\"email\", \"sms\"]",
       "body.notification_channels.1 type_error.enum: unknown notification channel \"sms\"; known: "
       "email, slack, discord, webhook, teams, pagerduty, ops"},
      {"labels", "[]", "body.labels type_error.dict: value is not a valid dict"},
      {"labels", R"({"__name__": "x"})",
       "body.labels.__name__ value_error: no series has a label of this name"},
      // Each of its bytes becomes an underscore.
      {"labels", R"({"é": "x"})", "body.labels.é value_error: no series has a label of this name"},
      {"labels", R"({"host": 1})", "body.labels.host type_error.str: str type expected"},
      {"labels", R"({"a.b": "1", "a_b": "1"})",
       "body.labels.a_b value_error: the same as another: both are a_b"},
  };
  for (const Bad& bad : cases) {
    const std::vector<std::string> faults = Faults(With(bad.field, bad.value));
    ASSERT_EQ(faults.size(), 1U) << bad.field << " " << bad.value;
    EXPECT_EQ(faults[0], bad.fault);
  }
}

TEST(RuleBody, ATemplateThatIsNoneIsRefused) {
  for (const char* value : {"\"{value\"", "\"value}\"", R"("{\"text\": ")"}) {
    EXPECT_THAT(
        Faults(With("notification_template", value)),
        ElementsAre(::testing::StartsWith("body.notification_template value_error.template: ")))
        << value;
  }
}

TEST(RuleBody, LengthsAreCountedInCharacters) {
  std::string emoji;
  for (int i = 0; i < 255; ++i) emoji += "💥";
  EXPECT_EQ(Read(With("name", "\"" + emoji + "\"")).name, emoji);
  EXPECT_EQ(Faults(With("name", "\"" + emoji + "💥\"")).size(), 1U);
}

TEST(RuleWarnings, TellWhatARuleWillNotDo) {
  auto rule = testing::CpuRule();
  const Duration staleness = std::chrono::minutes(5);
  EXPECT_THAT(RuleWarnings(*rule, Known(), staleness), IsEmpty());
  rule->notification_channels = {"email", "ops", "gone"};
  rule->condition = Condition::kEqual;
  rule->threshold = 0.5;
  rule->duration = std::chrono::minutes(6);
  EXPECT_THAT(
      RuleWarnings(*rule, Known(), staleness),
      ElementsAre("channel \"email\" is not configured; set EMAIL_SMTP_HOST, EMAIL_FROM and "
                  "EMAIL_TO, or name a receiver so under tocsin.receivers",
                  "there is no receiver \"gone\" any more",
                  "== with a fraction compares exactly, to the last bit",
                  "the duration 6m is longer than 5m, after which a silent series is stale: a "
                  "single sample cannot fire this rule"));
}

TEST(RuleWarnings, TellOfTemplatesThatWillNotBeFilled) {
  auto rule = testing::CpuRule();
  rule->notification_channels = {"ops"};
  const Duration staleness = std::chrono::minutes(5);
  int asked = 0;
  std::set<std::string> known = {"host", "disk_name"};
  const config::SeriesLabels labels = [&](const ThresholdRule&) {
    ++asked;
    return known;
  };
  const auto warnings = [&](const std::string& text) {
    rule->notification_template = text;
    return RuleWarnings(*rule, Known(), staleness, labels);
  };
  EXPECT_THAT(warnings("{{ .Value }} on {{ $labels.host }}"),
              ElementsAre("notification_template is not a Go template: {{ prints a brace; write "
                          "{value} or {host}"));
  EXPECT_THAT(warnings("{value:.1f} of {name} since {triggered_at}, {url}"), IsEmpty());
  EXPECT_EQ(asked, 0);
  EXPECT_THAT(warnings("{value} on {host}, {disk.name}"), IsEmpty());
  EXPECT_THAT(warnings("{value} on {hots}"),
              ElementsAre("nothing fills the placeholder \"{hots}\": the series of \"" +
                          rule->metric_name + "\" have the labels disk_name, host"));
  EXPECT_THAT(warnings(R"({"text": "on {host}", "blocks": [{"text": "{hots}"}]})"),
              ElementsAre(HasSubstr("\"{hots}\"")));
  known.clear();  // no series yet: who knows
  EXPECT_THAT(warnings("{value} on {hots}"), IsEmpty());
  rule->notification_template = "{hots}";
  EXPECT_THAT(RuleWarnings(*rule, Known(), staleness), IsEmpty());
}

}  // namespace
}  // namespace tocsin::api
