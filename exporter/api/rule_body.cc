#include "exporter/api/rule_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/json_library.h"
#include "base/labels.h"
#include "base/number.h"
#include "base/template/braces.h"
#include "base/template/utf8.h"
#include "base/text.h"
#include "config/json_template.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kMaxWordCharacters = RuleLimits::kWordCharacters;
constexpr std::size_t kMaxTextCharacters = RuleLimits::kTextCharacters;
constexpr std::size_t kMaxRuleLabels = RuleLimits::kLabels;
constexpr std::size_t kMaxRuleChannels = RuleLimits::kChannels;
constexpr std::int64_t kMaxRuleSeconds = RuleLimits::kSeconds;

class RuleBodyReader {
 public:
  RuleBodyReader(const nlohmann::json& body, RuleFields fields,
                 const config::ReceiverNames& receivers, Json* faults)
      : body_(body), fields_(fields), receivers_(receivers), faults_(*faults) {}

  RuleBody Read() {
    ReadWord("name", &rule_.name);
    ReadNullableText("description", &rule_.description);
    ReadWord("metric_name", &rule_.metric_name);
    ReadLabels();
    ReadCondition();
    ReadThreshold();
    ReadSeconds("duration", &rule_.duration);
    ReadSeverity();
    ReadEnabled();
    ReadChannels();
    ReadTemplate();
    ReadSeconds("cooldown_period", &rule_.cooldown);
    ReadStaleAlerts();
    ReadLink("runbook_url", &rule_.runbook_url);
    ReadLink("dashboard_url", &rule_.dashboard_url);
    return std::move(rule_);
  }

 private:
  enum class Need : std::uint8_t { kRequired, kOptional };

  void Add(Json where, const std::string& message, const char* type, Json context = {}) {
    faults_.push_back(Fault(std::move(where), message, type, std::move(context)));
  }
  void AddOf(const char* field, const std::string& message, const char* type, Json context = {}) {
    Add({"body", field}, message, type, std::move(context));
  }

  // The member that holds a value; null where it is absent or null, which is said where it may not
  // be so.
  const nlohmann::json* Find(const char* field, Need need) {
    const auto found = body_.find(field);
    if (found == body_.end()) {
      if (need == Need::kRequired && fields_ == RuleFields::kAllRequired) {
        AddOf(field, "field required", "value_error.missing");
      }
      return nullptr;
    }
    if (found->is_null()) {
      AddOf(field, "none is not an allowed value", "type_error.none.not_allowed");
      return nullptr;
    }
    return &*found;
  }

  bool ReadString(const char* field, const nlohmann::json& value, std::string* out) {
    if (!value.is_string()) {
      AddOf(field, "str type expected", "type_error.str");
      return false;
    }
    *out = value.get<std::string>();
    return true;
  }

  bool CheckLength(const char* field, const std::string& text, std::size_t least,
                   std::size_t most) {
    const std::size_t length = gotemplate::CountCharacters(text);
    if (length < least) {
      AddOf(field, fmt::format("ensure this value has at least {} characters", least),
            "value_error.any_str.min_length", {{"limit_value", least}});
    } else if (length > most) {
      AddOf(field, fmt::format("ensure this value has at most {} characters", most),
            "value_error.any_str.max_length", {{"limit_value", most}});
    }
    return length >= least && length <= most;
  }

  void ReadWord(const char* field, std::optional<std::string>* out) {
    const nlohmann::json* value = Find(field, Need::kRequired);
    std::string text;
    if (value == nullptr || !ReadString(field, *value, &text)) return;
    if (CheckLength(field, text, 1, kMaxWordCharacters)) *out = std::move(text);
  }

  // Null is the empty text.
  void ReadNullableText(const char* field, std::optional<std::string>* out) {
    const auto found = body_.find(field);
    if (found == body_.end()) return;
    std::string text;
    if (!found->is_null() && !ReadString(field, *found, &text)) return;
    if (CheckLength(field, text, 0, kMaxTextCharacters)) *out = std::move(text);
  }

  // Sorted, so that the same labels in another order are not another condition.
  void ReadLabels() {
    const nlohmann::json* value = Find("labels", Need::kOptional);
    if (value == nullptr) return;
    if (!value->is_object()) return AddOf("labels", "value is not a valid dict", "type_error.dict");
    if (value->size() > kMaxRuleLabels) {
      return AddOf("labels", fmt::format("ensure this value has at most {} items", kMaxRuleLabels),
                   "value_error.list.max_items", {{"limit_value", kMaxRuleLabels}});
    }
    std::map<std::string, std::string> labels;
    bool is_sound = true;
    for (const auto& [key, item] : value->items()) {
      const auto refuse = [&, &key = key](const std::string& message, const char* type) {
        Add({"body", "labels", key}, message, type);
        is_sound = false;
      };
      const std::string name = MapLabelName(key);
      if (key.empty() || name.starts_with("__")) {
        refuse("no series has a label of this name", "value_error");
      } else if (!item.is_string()) {
        refuse("str type expected", "type_error.str");
      } else if (!labels.emplace(name, item.get<std::string>()).second) {
        refuse("the same as another: both are " + name, "value_error");
      }
    }
    if (!is_sound) return;
    rule_.matchers.emplace();
    for (const auto& [name, text] : labels) {
      rule_.matchers->push_back(Matcher::Equal(name, text));
    }
  }

  void ReadCondition() {
    const nlohmann::json* value = Find("condition", Need::kRequired);
    std::string symbol;
    if (value == nullptr || !ReadString("condition", *value, &symbol)) return;
    rule_.condition = ParseCondition(symbol);
    if (rule_.condition) return;
    AddOf("condition", fmt::format("string does not match regex \"{}\"", kConditionPattern),
          "value_error.str.regex", {{"pattern", kConditionPattern}});
  }

  // A text; a number is as good.
  void ReadThreshold() {
    const nlohmann::json* value = Find("threshold", Need::kRequired);
    if (value == nullptr) return;
    std::string text;
    if (value->is_number()) {
      text = value->is_number_float() ? FormatFloatPython(value->get<double>()) : WriteJson(*value);
    } else if (!ReadString("threshold", *value, &text)) {
      return;
    }
    if (!CheckLength("threshold", text, 1, kMaxWordCharacters)) return;
    const std::optional<double> number = ParseFloat(text);
    if (!number || !std::isfinite(*number)) {
      return AddOf("threshold", "threshold must be a number", "type_error.float");
    }
    rule_.threshold = *number;
    rule_.threshold_text = std::move(text);
  }

  // Whole ones, 0 or more; a text that is such a number is as good.
  void ReadSeconds(const char* field, std::optional<Duration>* out) {
    const nlohmann::json* value = Find(field, Need::kOptional);
    if (value == nullptr) return;
    std::optional<std::int64_t> seconds;
    if (value->is_string()) {
      seconds = ParseInt(value->get<std::string>());
    } else if (value->is_number_unsigned()) {
      // What is too large is the largest, and refused as that.
      seconds = static_cast<std::int64_t>(
          std::min<std::uint64_t>(value->get<std::uint64_t>(), INT64_MAX));
    } else if (value->is_number_integer()) {
      seconds = value->get<std::int64_t>();
    } else if (value->is_number_float() &&
               std::trunc(value->get<double>()) == value->get<double>() &&
               std::abs(value->get<double>()) < 9e15) {
      seconds = static_cast<std::int64_t>(value->get<double>());
    }
    if (!seconds) return AddOf(field, "value is not a valid integer", "type_error.integer");
    if (*seconds < 0) {
      return AddOf(field, "ensure this value is greater than or equal to 0",
                   "value_error.number.not_ge", {{"limit_value", 0}});
    }
    if (*seconds > kMaxRuleSeconds) {
      return AddOf(field,
                   fmt::format("ensure this value is less than or equal to {}", kMaxRuleSeconds),
                   "value_error.number.not_le", {{"limit_value", kMaxRuleSeconds}});
    }
    *out = std::chrono::seconds(*seconds);
  }

  void ReadSeverity() {
    const nlohmann::json* value = Find("severity", Need::kRequired);
    std::string word;
    if (value == nullptr || !ReadString("severity", *value, &word)) return;
    rule_.severity = ParseSeverity(word);
    if (rule_.severity) return;
    AddOf("severity",
          fmt::format("value is not a valid enumeration member; permitted: {}",
                      fmt::join(kSeverityWords, ", ")),
          "type_error.enum", {{"enum_values", kSeverityWords}});
  }

  void ReadLink(const char* field, std::optional<std::string>* out) {
    std::optional<std::string> url;
    ReadNullableText(field, &url);
    if (!url) return;
    if (const Status checked = url->empty() ? Status() : CheckRuleUrl(*url); !checked) {
      return AddOf(field, checked.message(), "value_error.url");
    }
    *out = std::move(url);
  }

  void ReadStaleAlerts() {
    const char* const field = "stale_alerts";
    const auto found = body_.find(field);
    if (found == body_.end()) return;
    std::string word;
    if (!found->is_null() && !ReadString(field, *found, &word)) return;
    const std::optional<StaleAlerts> what = ParseStaleAlerts(word);
    if (!found->is_null() && !what) {
      return AddOf(field,
                   fmt::format("value is not a valid enumeration member; permitted: {}",
                               fmt::join(kStaleAlertsWords, ", ")),
                   "type_error.enum", {{"enum_values", kStaleAlertsWords}});
    }
    rule_.stale_alerts = what;
  }

  void ReadEnabled() {
    const nlohmann::json* value = Find("enabled", Need::kOptional);
    if (value == nullptr) return;
    if (value->is_boolean()) {
      rule_.enabled = value->get<bool>();
    } else {
      AddOf("enabled", "value could not be parsed to a boolean", "type_error.bool");
    }
  }

  void ReadChannels() {
    const char* const field = "notification_channels";
    const nlohmann::json* value = Find(field, Need::kRequired);
    if (value == nullptr) return;
    if (!value->is_array()) return AddOf(field, "value is not a valid list", "type_error.list");
    if (value->size() > kMaxRuleChannels) {
      return AddOf(field, fmt::format("ensure this value has at most {} items", kMaxRuleChannels),
                   "value_error.list.max_items", {{"limit_value", kMaxRuleChannels}});
    }
    std::vector<std::string> channels;
    bool is_sound = true;
    for (std::size_t i = 0; i < value->size(); ++i) {
      const nlohmann::json& item = (*value)[i];
      if (!item.is_string()) {
        Add({"body", field, i}, "str type expected", "type_error.str");
        is_sound = false;
        continue;
      }
      std::string name = item.get<std::string>();
      if (!receivers_.IsKnown(name)) {
        is_sound = false;
        AddUnknownChannel(i, name);
      } else if (std::find(channels.begin(), channels.end(), name) == channels.end()) {
        channels.push_back(std::move(name));
      }
    }
    if (is_sound) rule_.notification_channels = std::move(channels);
  }

  void AddUnknownChannel(std::size_t index, const std::string& name) {
    const std::string known = receivers_.KnownList();
    Json names = Json::array();
    for (const std::string_view each : Split(known, ',')) {
      names.push_back(std::string(TrimSpace(each)));
    }
    Add({"body", "notification_channels", index},
        fmt::format("unknown notification channel {}; known: {}", QuoteForMessage(name), known),
        "type_error.enum", {{"enum_values", std::move(names)}});
  }

  void ReadTemplate() {
    const char* const field = "notification_template";
    ReadNullableText(field, &rule_.notification_template);
    if (!rule_.notification_template) return;
    const std::string& text = *rule_.notification_template;
    Status checked;
    if (config::LooksLikeJson(text)) {
      const std::optional<config::YamlNode> json = config::ReadJsonTemplate(text);
      checked = json ? config::CheckTemplateTexts(*json)
                     : Status(Error{"it begins like a JSON object and is none"});
    } else if (const Result<BracesTemplate> parsed = BracesTemplate::Parse(text); !parsed) {
      checked = parsed.error();
    }
    if (!checked) AddOf(field, checked.message(), "value_error.template");
  }

  const nlohmann::json& body_;
  const RuleFields fields_;
  const config::ReceiverNames& receivers_;
  Json& faults_;
  RuleBody rule_;
};

}  // namespace

void RuleBody::ApplyTo(ThresholdRule* rule) const {
  const auto take = [](const auto& said, auto* field) {
    if (said) *field = *said;
  };
  take(name, &rule->name);
  take(description, &rule->description);
  take(metric_name, &rule->metric_name);
  rule->series_name = MapMetricName(rule->metric_name);
  take(matchers, &rule->matchers);
  take(condition, &rule->condition);
  take(threshold_text, &rule->threshold_text);
  if (threshold_text) rule->threshold = threshold;
  take(duration, &rule->duration);
  take(severity, &rule->severity);
  take(enabled, &rule->enabled);
  take(notification_channels, &rule->notification_channels);
  take(notification_template, &rule->notification_template);
  take(cooldown, &rule->cooldown);
  take(stale_alerts, &rule->stale_alerts);
  take(runbook_url, &rule->runbook_url);
  take(dashboard_url, &rule->dashboard_url);
}

RuleBody ReadRuleBody(const nlohmann::json& body, RuleFields fields,
                      const config::ReceiverNames& receivers, Json* faults) {
  return RuleBodyReader(body, fields, receivers, faults).Read();
}

std::vector<std::string> RuleWarnings(const ThresholdRule& rule,
                                      const config::ReceiverNames& receivers, Duration staleness,
                                      const config::SeriesLabels& labels) {
  std::vector<std::string> warnings;
  for (const std::string& channel : rule.notification_channels) {
    if (receivers.IsConfiguredForRules(channel)) continue;
    // What was known once may be gone.
    warnings.push_back(receivers.IsKnown(channel) ? config::HowToConfigure(channel)
                                                  : fmt::format("there is no receiver {} any more",
                                                                QuoteForMessage(channel)));
  }
  for (config::RuleAdvice& advice : config::AdviceOnRule(rule, staleness, labels)) {
    warnings.push_back(std::move(advice.message));
  }
  return warnings;
}

}  // namespace tocsin::api
