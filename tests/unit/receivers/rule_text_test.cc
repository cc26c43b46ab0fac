#include "receivers/templates/rule_text.h"

#include <gtest/gtest.h>

#include "config/rule_advice.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::Resolved;

constexpr char kExternalUrl[] = "http://tocsin:9095/";

std::string Rendered(const std::string& text, AlertPtr alert = nullptr) {
  auto rule = CpuUsageRule();
  rule->notification_template = text;
  auto copy = alert != nullptr ? std::make_shared<Alert>(*alert) : FiringAlert(rule, "e1");
  copy->rule = rule;
  return RenderRuleText(*copy, kExternalUrl).text;
}

TEST(RuleText, FillsInWhatTheRuleSays) {
  EXPECT_EQ(Rendered("{rule_name}|{name}|{severity}|{SEVERITY}"),
            "High CPU Usage|High CPU Usage|high|HIGH");
  EXPECT_EQ(Rendered("{description}|{message}"), "CPU usage is high|CPU usage is high");
  EXPECT_EQ(Rendered("{metric_name} {condition} {threshold} for {duration}s"),
            "system.cpu.usage > 80.0 for 60s");
  EXPECT_EQ(Rendered("{rule_id}"), "rule-1");
}

TEST(RuleText, FillsInWhatTheAlertSays) {
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  EXPECT_EQ(Rendered("{value}|{metric_value}"), "85.5|85.5");
  EXPECT_EQ(Rendered("{status} {alert_id} {fingerprint}"),
            "active e1 " + alert->fingerprint_text());
  EXPECT_EQ(Rendered("{timestamp}|{triggered_at}|{resolved_at}"),
            "2024-05-01T10:00:00.123Z|2024-05-01T10:00:00.123Z|");
  EXPECT_EQ(Rendered("{url}"), "http://tocsin:9095/api/v1/alerting/alerts/e1");
}

TEST(RuleText, FillsInWhatAResolutionSays) {
  const auto alert = Resolved(*FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_EQ(Rendered("{status} {value} {timestamp} {triggered_at} {resolved_at}", alert),
            "resolved 75.0 2024-05-01T10:02:00.123Z 2024-05-01T10:00:00.123Z "
            "2024-05-01T10:02:00.123Z");
}

TEST(RuleText, KnowsEveryWordThatNoLabelMustFill) {
  const AlertPtr alert = FiringAlert(CpuUsageRule(), "e1");
  for (const std::string_view word : config::kRuleWords) {
    EXPECT_TRUE(AlertWord(*alert, kExternalUrl, word).has_value()) << word;
  }
}

TEST(RuleText, FillsInMetadataInEitherSpellingOfTheirKey) {
  auto alert = FiringAlert(CpuUsageRule(), "e1");
  alert->metadata = Labels{{"host", "web-1"}, {"data_center", "eu"}};
  EXPECT_EQ(Rendered("{host} {data_center} {data.center}", alert), "web-1 eu eu");
}

TEST(RuleText, LetsTheRulesWordsWinOverMetadata) {
  auto alert = FiringAlert(CpuUsageRule(), "e1");
  alert->metadata = Labels{{"severity", "whatever"}};
  EXPECT_EQ(Rendered("{severity}", alert), "high");
}

TEST(RuleText, SetsDecimals) {
  EXPECT_EQ(Rendered("{value:.0f} {metric_value:.2f} {threshold:.1f}"), "86 85.50 80.0");
}

TEST(RuleText, KeepsAndCountsWhatNobodyKnows) {
  auto rule = CpuUsageRule();
  rule->notification_template = "{nobody} {value} {nothing:.1f} {{literal}}";
  const RuleText text = RenderRuleText(*FiringAlert(rule, "e1"), "");
  EXPECT_EQ(text.text, "{nobody} 85.5 {nothing:.1f} {literal}");
  EXPECT_EQ(text.unknown_placeholders, 2U);

  MetricRegistry metrics;
  const RuleTextRenderer renderer(metrics);
  EXPECT_EQ(testing::MetricValue(metrics, "tocsin_template_unknown_placeholders_total"), 0);
  EXPECT_EQ(renderer.Render(*FiringAlert(rule, "e1"), ""), text.text);
  EXPECT_EQ(testing::MetricValue(metrics, "tocsin_template_unknown_placeholders_total"), 2);
}

TEST(RuleText, FillsAndCountsATemplateOfAChannelToo) {
  MetricRegistry metrics;
  const RuleTextRenderer renderer(metrics);
  const TextEscape shout = [](std::string_view value) { return std::string(value) + "!"; };
  EXPECT_EQ(renderer.Fill("{value} {nobody}", *FiringAlert(CpuUsageRule(), "e1"), "", shout),
            "85.5! {nobody}");
  EXPECT_EQ(testing::MetricValue(metrics, "tocsin_template_unknown_placeholders_total"), 1);
}

TEST(RuleText, EvaluatesNothingInMetadata) {
  EXPECT_EQ(Rendered("{host}", FiringAlert(CpuUsageRule(), "e1", "{value} {{x}} %s")),
            "{value} {{x}} %s");
}

TEST(RuleText, ShowsAStoredTemplateThatDoesNotParseAsItWasWritten) {
  EXPECT_EQ(Rendered("broken {value"), "broken {value");
}

TEST(RuleText, OfAJsonFormIsWhatItSaysInPlainWords) {
  EXPECT_EQ(Rendered(R"({"text": "{host} is at {value}", "attachments": []})"), "web-1 is at 85.5");
  EXPECT_EQ(Rendered(R"({"content": "{host}"})"), "web-1");
  EXPECT_EQ(Rendered(R"({"attachments": [{"text": "{host}"}]})"), "CPU usage is high");
  EXPECT_EQ(Rendered(R"({"text": {"x": 1}})"), "CPU usage is high");
  EXPECT_EQ(Rendered(R"({"text": )"), "CPU usage is high");
}

TEST(RuleText, IsTheDescriptionOrASentenceWithoutATemplate) {
  EXPECT_EQ(Rendered(""), "CPU usage is high");
  auto rule = CpuUsageRule();
  rule->description = "";
  EXPECT_EQ(RenderRuleText(*FiringAlert(rule, "e1"), "").text,
            "High CPU Usage: system.cpu.usage > 80.0 (value 85.5)");
}

TEST(AlertUrl, IsBelowTheExternalUrlAndEmptyWithoutOne) {
  const auto alert = FiringAlert(CpuUsageRule(), "e/1 x");
  EXPECT_EQ(AlertUrl(*alert, "https://host/tocsin"),
            "https://host/tocsin/api/v1/alerting/alerts/e%2F1%20x");
  EXPECT_EQ(AlertUrl(*alert, ""), "");
}

}  // namespace
}  // namespace tocsin::receivers
