#include "base/rule_json.h"

#include <fmt/format.h>

#include <bit>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/json_text.h"
#include "base/sample.h"
#include "base/text.h"

namespace tocsin {
namespace {

using nlohmann::json;

Matcher MatcherFromJson(const json& j) {
  const int op = j.at(1).get<int>();
  if (op < 0 || op > static_cast<int>(Matcher::Op::kNotRegex)) {
    throw json::other_error::create(501, "unknown matcher operator", &j);
  }
  Result<Matcher> matcher = Matcher::Make(j.at(0).get<std::string>(), static_cast<Matcher::Op>(op),
                                          j.at(2).get<std::string>());
  if (!matcher) throw json::other_error::create(501, matcher.message(), &j);
  return *std::move(matcher);
}

std::string MatchersToJson(const std::vector<Matcher>& matchers) {
  std::string text = "[";
  for (const Matcher& m : matchers) {
    if (text.size() > 1) text.push_back(',');
    text += fmt::format("[{},{},{}]", JsonString(m.name()), static_cast<int>(m.op()),
                        JsonString(m.value()));
  }
  return text + "]";
}

}  // namespace

std::string ValueToText(double v) { return FormatHex64(std::bit_cast<std::uint64_t>(v)); }
double ValueFromJson(const json& j) {
  const std::optional<std::uint64_t> bits = ParseHex64(j.get<std::string>());
  if (!bits) throw json::other_error::create(501, "value is not 16 hexadecimal digits", &j);
  return std::bit_cast<double>(*bits);
}

std::string RuleToJson(const ThresholdRule& rule) {
  JsonRow row;
  row.Text("id", rule.id)
      .Text("name", rule.name)
      .Text("description", rule.description)
      .Text("metric_name", rule.metric_name)
      .Json("matchers", MatchersToJson(rule.matchers))
      .Text("condition", ConditionSymbol(rule.condition))
      .Text("threshold", ValueToText(rule.threshold))
      .Text("threshold_text", rule.threshold_text)
      .Number("duration_ms", rule.duration.count())
      .Text("severity", SeverityName(rule.severity))
      .Flag("enabled", rule.enabled)
      .Texts("channels", rule.notification_channels)
      .Text("template", rule.notification_template)
      .Number("cooldown_ms", rule.cooldown.count());
  if (rule.stale_after) {
    row.Number("stale_after_ms", rule.stale_after->count());
  } else {
    row.Null("stale_after_ms");
  }
  // Few rules say these, and each alert's row holds its rule.
  if (rule.stale_alerts) row.Text("stale_alerts", StaleAlertsName(*rule.stale_alerts));
  if (!rule.runbook_url.empty()) row.Text("runbook_url", rule.runbook_url);
  if (!rule.dashboard_url.empty()) row.Text("dashboard_url", rule.dashboard_url);
  row.Text("source_file", rule.source_file).Number("source_line", rule.source_line);
  return row.Finish();
}

ThresholdRule RuleFromJson(const json& j) {
  ThresholdRule rule;
  rule.id = j.at("id").get<std::string>();
  rule.name = j.at("name").get<std::string>();
  rule.description = j.at("description").get<std::string>();
  rule.metric_name = j.at("metric_name").get<std::string>();
  rule.series_name = MapMetricName(rule.metric_name);
  for (const json& m : j.at("matchers")) rule.matchers.push_back(MatcherFromJson(m));
  rule.condition = KnownOrThrow(ParseCondition(j.at("condition").get<std::string>()), j);
  rule.threshold = ValueFromJson(j.at("threshold"));
  rule.threshold_text = j.at("threshold_text").get<std::string>();
  rule.duration = Duration(j.at("duration_ms").get<std::int64_t>());
  rule.severity = KnownOrThrow(ParseSeverity(j.at("severity").get<std::string>()), j);
  rule.enabled = j.at("enabled").get<bool>();
  rule.notification_channels = j.at("channels").get<std::vector<std::string>>();
  rule.notification_template = j.at("template").get<std::string>();
  rule.cooldown = Duration(j.at("cooldown_ms").get<std::int64_t>());
  if (const json& stale = j.at("stale_after_ms"); !stale.is_null()) {
    rule.stale_after = Duration(stale.get<std::int64_t>());
  }
  if (const auto stale = j.find("stale_alerts"); stale != j.end()) {
    rule.stale_alerts = KnownOrThrow(ParseStaleAlerts(stale->get<std::string>()), j);
  }
  rule.runbook_url = j.value("runbook_url", "");
  rule.dashboard_url = j.value("dashboard_url", "");
  rule.source_file = j.at("source_file").get<std::string>();
  rule.source_line = j.at("source_line").get<int>();
  return rule;
}

}  // namespace tocsin
