#include "receivers/templates/rule_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/number.h"
#include "base/template/braces.h"
#include "base/text.h"
#include "config/json_template.h"

namespace tocsin::receivers {
namespace {

std::string TimeText(const std::optional<Timestamp>& t) { return t ? FormatRfc3339(*t) : ""; }

std::string UpperCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

using Word = std::pair<std::string_view, std::string (*)(const Alert&)>;

constexpr Word kWords[] = {
    {"rule_name", [](const Alert& a) { return a.rule->name; }},
    {"name", [](const Alert& a) { return a.rule->name; }},
    {"severity", [](const Alert& a) { return std::string(SeverityName(a.rule->severity)); }},
    {"SEVERITY", [](const Alert& a) { return UpperCase(SeverityName(a.rule->severity)); }},
    {"message", DefaultMessage},
    {"description", [](const Alert& a) { return a.rule->description; }},
    {"metric_name", [](const Alert& a) { return a.rule->metric_name; }},
    {"condition", [](const Alert& a) { return std::string(ConditionSymbol(a.rule->condition)); }},
    {"threshold", [](const Alert& a) { return a.rule->threshold_text; }},
    {"duration",
     [](const Alert& a) {
       const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(a.rule->duration);
       return std::to_string(seconds.count());
     }},
    {"value", ValueText},
    {"metric_value", ValueText},
    {"timestamp", [](const Alert& a) { return FormatRfc3339(ChangedAt(a)); }},
    {"triggered_at", [](const Alert& a) { return TimeText(a.triggered_at); }},
    {"resolved_at", [](const Alert& a) { return TimeText(a.resolved_at); }},
    {"status", [](const Alert& a) { return std::string(AlertStateName(a.state)); }},
    {"alert_id", [](const Alert& a) { return a.id; }},
    {"rule_id", [](const Alert& a) { return a.rule->id; }},
    {"fingerprint", [](const Alert& a) { return a.fingerprint_text(); }},
};

}  // namespace

std::optional<std::string> AlertWord(const Alert& alert, std::string_view external_url,
                                     std::string_view word) {
  for (const auto& [known, value] : kWords) {
    if (word == known) return value(alert);
  }
  if (word == "url") return AlertUrl(alert, external_url);
  // Keys are mapped to label names at intake; a template may use either spelling.
  for (const std::string& key : {std::string(word), MapLabelName(word)}) {
    const std::string_view metadata = alert.metadata.Get(key);
    if (!metadata.empty()) return std::string(metadata);
  }
  return std::nullopt;
}

std::string ValueText(const Alert& alert) {
  return alert.rule->metric_name.empty() ? "" : FormatFloatPython(alert.value);
}

std::string DefaultMessage(const Alert& alert) {
  const ThresholdRule& rule = *alert.rule;
  if (!rule.description.empty()) return rule.description;
  return fmt::format("{}: {} {} {} (value {})", rule.name, rule.metric_name,
                     ConditionSymbol(rule.condition), rule.threshold_text, ValueText(alert));
}

// Of a template in JSON form what it says in plain words; "" where it says nothing.
std::string PlainTemplate(const std::string& text) {
  if (!config::LooksLikeJson(text)) return text;
  const std::optional<config::YamlNode> json = config::ReadJsonTemplate(text);
  if (!json) return "";
  for (const std::string_view name : {"text", "content"}) {
    const config::YamlNode* const member = FindMember(*json, name);
    if (member != nullptr && member->kind == config::YamlNode::Kind::kScalar) return member->text;
  }
  return "";
}

RuleText RenderRuleText(const Alert& alert, std::string_view external_url) {
  const std::string text = PlainTemplate(alert.rule->notification_template);
  if (text.empty()) return {DefaultMessage(alert), 0};
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  // Refused when the rule is loaded; one that is already stored is shown as it was written.
  if (!parsed) return {text, 0};
  BracesTemplate::Rendered rendered =
      parsed->Render([&](std::string_view word) { return AlertWord(alert, external_url, word); });
  return {std::move(rendered.text), rendered.unknown_placeholders};
}

RuleTextRenderer::RuleTextRenderer(MetricRegistry& metrics)
    : unknown_placeholders_(
          CounterFamily(metrics, "tocsin_template_unknown_placeholders_total",
                        "Placeholders of notification templates that nothing could fill.")
              .Add({})) {}

std::string RuleTextRenderer::Render(const Alert& alert, std::string_view external_url) const {
  RuleText rendered = RenderRuleText(alert, external_url);
  CountUnknown(rendered.unknown_placeholders);
  return std::move(rendered.text);
}

std::string RuleTextRenderer::Fill(const std::string& text, const Alert& alert,
                                   std::string_view external_url, const TextEscape& escape) const {
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  if (!parsed) return text;
  BracesTemplate::Rendered rendered =
      parsed->Render([&](std::string_view word) -> std::optional<std::string> {
        std::optional<std::string> value = AlertWord(alert, external_url, word);
        return value && escape ? escape(*value) : value;
      });
  CountUnknown(rendered.unknown_placeholders);
  return std::move(rendered.text);
}

void RuleTextRenderer::CountUnknown(std::size_t placeholders) const {
  unknown_placeholders_.Increment(static_cast<double>(placeholders));
}

std::string AlertUrl(const Alert& alert, std::string_view external_url) {
  if (external_url.empty()) return "";
  while (!external_url.empty() && external_url.back() == '/') external_url.remove_suffix(1);
  return fmt::format("{}/api/v1/alerting/alerts/{}", external_url, PercentEncode(alert.id));
}

Timestamp ChangedAt(const Alert& alert) {
  if (alert.state == AlertState::kResolved && alert.resolved_at) return *alert.resolved_at;
  return alert.triggered_at.value_or(alert.updated_at);
}

}  // namespace tocsin::receivers
