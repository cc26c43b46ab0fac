#include "config/rule_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/labels.h"
#include "base/template/braces.h"
#include "base/text.h"
#include "config/json_template.h"

namespace tocsin::config {
namespace {

// "{{ .Value }}", "{{- $labels.host }}": Go's templates, which braces print as they are.
bool LooksLikeGoTemplate(std::string_view text) {
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    at = text.find_first_not_of(" -\t\n", at + 2);
    if (at == std::string_view::npos) return false;
    if (text[at] == '.' || text[at] == '$') return true;
  }
  return false;
}

// Those that a label must fill. Of a text that is no template: none.
void AddLabelPlaceholders(std::string_view text, std::set<std::string>* out) {
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  if (!parsed) return;
  for (const std::string_view word : parsed->Placeholders()) {
    if (std::find(std::begin(kRuleWords), std::end(kRuleWords), word) == std::end(kRuleWords)) {
      out->emplace(word);
    }
  }
}

// Recursion is bounded by the reader of the tree: kMaxYamlDepth.
void AddLabelPlaceholders(const YamlNode& json, std::set<std::string>* out) {
  if (json.kind == YamlNode::Kind::kScalar) AddLabelPlaceholders(json.text, out);
  for (const YamlNode& item : json.items) AddLabelPlaceholders(item, out);
  for (const YamlEntry& entry : json.entries) AddLabelPlaceholders(entry.value, out);
}

std::set<std::string> LabelPlaceholders(const std::string& text) {
  std::set<std::string> placeholders;
  if (!LooksLikeJson(text)) {
    AddLabelPlaceholders(std::string_view(text), &placeholders);
  } else if (const std::optional<YamlNode> json = ReadJsonTemplate(text)) {
    AddLabelPlaceholders(*json, &placeholders);
  }
  return placeholders;
}

class RuleAdviser {
 public:
  RuleAdviser(const ThresholdRule& rule, const std::optional<Duration>& staleness,
              const SeriesLabels& labels)
      : rule_(rule), staleness_(rule.stale_after ? rule.stale_after : staleness), labels_(labels) {}

  std::vector<RuleAdvice> Advise() {
    CheckMetric();
    CheckThreshold();
    CheckDuration();
    CheckTemplate();
    CheckPlaceholders();
    return std::move(advice_);
  }

 private:
  void Add(std::string_view field, std::string message) {
    advice_.push_back({field, std::move(message)});
  }

  void CheckMetric() {
    if (rule_.metric_name.find_first_of("*{}=\"") == std::string::npos) return;
    Add("metric_name",
        "metric_name is compared as a whole, without wildcards; what selects by label goes "
        "under labels");
  }

  void CheckThreshold() {
    const bool is_equality =
        rule_.condition == Condition::kEqual || rule_.condition == Condition::kNotEqual;
    if (!is_equality || rule_.threshold == std::trunc(rule_.threshold)) return;
    Add("threshold", fmt::format("{} with a fraction compares exactly, to the last bit",
                                 ConditionSymbol(rule_.condition)));
  }

  void CheckDuration() {
    if (!staleness_ || staleness_->count() == 0 || rule_.duration <= *staleness_) return;
    Add("duration",
        fmt::format(
            "the duration {} is longer than {}, after which a silent series is stale: a single "
            "sample cannot fire this rule",
            FormatDuration(rule_.duration), FormatDuration(*staleness_)));
  }

  void CheckTemplate() {
    const std::string& text = rule_.notification_template;
    if (LooksLikeJson(text) || !LooksLikeGoTemplate(text) || !BracesTemplate::Parse(text)) return;
    Add("notification_template",
        "notification_template is not a Go template: {{ prints a brace; write {value} or {host}");
  }

  void CheckPlaceholders() {
    if (!labels_) return;
    const std::set<std::string> placeholders = LabelPlaceholders(rule_.notification_template);
    if (placeholders.empty()) return;
    const std::set<std::string> known = labels_(rule_);
    if (known.empty()) return;
    for (const std::string& placeholder : placeholders) {
      if (known.count(placeholder) > 0 || known.count(MapLabelName(placeholder)) > 0) continue;
      Add("notification_template",
          fmt::format("nothing fills the placeholder {}: the series of {} have the labels {}",
                      QuoteForMessage("{" + placeholder + "}"), QuoteForMessage(rule_.metric_name),
                      fmt::join(known, ", ")));
    }
  }

  const ThresholdRule& rule_;
  const std::optional<Duration> staleness_;
  const SeriesLabels& labels_;
  std::vector<RuleAdvice> advice_;
};

}  // namespace

std::vector<RuleAdvice> AdviceOnRule(const ThresholdRule& rule,
                                     const std::optional<Duration>& staleness,
                                     const SeriesLabels& labels) {
  return RuleAdviser(rule, staleness, labels).Advise();
}

}  // namespace tocsin::config
