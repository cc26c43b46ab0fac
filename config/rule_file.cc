#include "config/rule_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/number.h"
#include "base/template/braces.h"
#include "base/text.h"
#include "base/uuid.h"
#include "config/decode.h"
#include "config/json_template.h"
#include "config/kubernetes_object.h"
#include "config/receivers.h"
#include "config/rule_advice.h"
#include "config/yaml.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxCharacters = 255;  // of name, metric_name and threshold

constexpr std::string_view kConditions = "> < >= <= == !=";
constexpr std::string_view kSeverities = "critical, high, medium, low, info";

// What other tools call a field of ours, too far from it in spelling to be recognised as near.
constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
    {"channels", "notification_channels"},
    {"cooldown", "cooldown_period"},
    {"for", "duration"},
    {"metric", "metric_name"},
    {"operator", "condition"},
    {"template", "notification_template"}};

std::size_t CountCharacters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // not inside of a character
  }));
}

class RuleDecoder {
 public:
  RuleDecoder(const YamlNode& node, const RuleFileContext& context, FileReport& report)
      : context_(context), report_(report), map_(node, Title(node), report) {}

  ThresholdRule Decode() {
    rule_.source_file = report_.file();
    rule_.source_line = map_.mark().line;
    ReadName("name", &rule_.name);
    map_.ReadText("description", &rule_.description);
    ReadMetric();
    ReadMatchers();
    ReadCondition();
    ReadThreshold();
    map_.ReadDuration("duration", &rule_.duration, DurationForm::kOrSeconds);
    map_.ReadDuration("cooldown_period", &rule_.cooldown, DurationForm::kOrSeconds);
    ReadStaleAfter();
    rule_.stale_alerts = ReadStaleAlerts(map_);
    ReadSeverity();
    map_.ReadBool("enabled", &rule_.enabled);
    ReadChannels();
    ReadTemplate();
    ReadLink("runbook_url", &rule_.runbook_url);
    ReadLink("dashboard_url", &rule_.dashboard_url);
    HintAtOtherWords();
    map_.Finish();
    for (RuleAdvice& advice : AdviceOnRule(rule_, context_.staleness)) {
      report_.Warning(map_.PlaceOf(advice.field), std::move(advice.message));
    }
    return std::move(rule_);
  }

 private:
  // How messages call the rule.
  static std::string Title(const YamlNode& node) {
    for (const YamlEntry& entry : node.entries) {
      if (entry.key == "name" && !entry.value.text.empty()) {
        return "rule " + QuoteForMessage(entry.value.text);
      }
    }
    return "a rule";
  }

  template <typename... Args>
  void ErrorAt(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    report_.Error(map_.PlaceOf(key), fmt::format(format, std::forward<Args>(args)...));
  }

  // A required text of 1 to 255 characters.
  bool ReadName(std::string_view key, std::string* out) {
    if (map_.Require(key) == nullptr || !map_.ReadText(key, out)) return false;
    const std::size_t length = CountCharacters(*out);
    if (length >= 1 && length <= kMaxCharacters) return true;
    ErrorAt(key, "{} must have 1 to {} characters, not {}", key, kMaxCharacters, length);
    return false;
  }

  void ReadMetric() {
    if (!ReadName("metric_name", &rule_.metric_name)) return;
    rule_.series_name = MapMetricName(rule_.metric_name);
  }

  // Sorted, so that another order in the file is not another condition.
  void ReadMatchers() {
    std::map<std::string, std::string> values;
    for (const YamlEntry& entry : map_.ReadEntries("labels")) {
      const std::string what = fmt::format("label {}", QuoteForMessage(entry.key));
      if (entry.key.empty() || entry.key.compare(0, 2, "__") == 0) {
        report_.Error(entry.mark, fmt::format("{}: no series has a label of this name", what));
        continue;
      }
      if (entry.value.is_null()) {
        report_.Error(entry.mark,
                      fmt::format("{} has no value; write \"\" for series without it", what));
        continue;
      }
      std::string value;
      if (!ReadText(entry.value, what, report_, &value)) continue;
      std::string name = MapLabelName(entry.key);
      if (!values.emplace(name, std::move(value)).second) {
        report_.Error(entry.mark,
                      fmt::format("{} is the same as another: both are {}", what, name));
      }
    }
    for (const auto& [name, value] : values) {
      rule_.matchers.push_back(Matcher::Equal(name, value));
    }
    for (const PlacedText& text : map_.ReadTexts("matchers")) {
      Result<Matcher> matcher = ParseMatcher(text.text);
      if (matcher) {
        rule_.matchers.push_back(*std::move(matcher));
      } else {
        report_.Error(text.mark, matcher.message());
      }
    }
  }

  void ReadCondition() {
    std::string symbol;
    if (map_.Require("condition") == nullptr || !map_.ReadText("condition", &symbol)) return;
    if (const std::optional<Condition> condition = ParseCondition(symbol)) {
      rule_.condition = *condition;
    } else {
      ErrorAt("condition", "unknown condition {}; use one of {}", QuoteForMessage(symbol),
              kConditions);
    }
  }

  void ReadThreshold() {
    if (!ReadName("threshold", &rule_.threshold_text)) return;
    const std::optional<double> number = ParseFloat(rule_.threshold_text);
    if (!number || !std::isfinite(*number)) {
      ErrorAt("threshold", "threshold must be a number, not {}",
              QuoteForMessage(rule_.threshold_text));
      return;
    }
    rule_.threshold = *number;
  }

  void ReadStaleAfter() {
    Duration stale_after{0};
    if (map_.ReadDuration("stale_after", &stale_after, DurationForm::kOrSeconds)) {
      rule_.stale_after = stale_after;
      if (stale_after.count() == 0) ErrorAt("stale_after", "stale_after must be longer than 0s");
    }
  }

  void ReadSeverity() {
    std::string word;
    if (map_.Require("severity") == nullptr || !map_.ReadText("severity", &word)) return;
    if (const std::optional<Severity> severity = ParseSeverity(word)) {
      rule_.severity = *severity;
    } else {
      ErrorAt("severity", "unknown severity {}; known: {}", QuoteForMessage(word), kSeverities);
    }
  }

  void ReadChannels() {
    if (map_.Find("notification_channels") == nullptr) {
      ErrorAt("notification_channels",
              "notification_channels is missing in {}; [] leaves it to the default receivers",
              map_.name());
      return;
    }
    for (PlacedText& channel : map_.ReadTexts("notification_channels")) {
      std::vector<std::string>& channels = rule_.notification_channels;
      if (std::find(channels.begin(), channels.end(), channel.text) != channels.end()) continue;
      if (context_.receivers != nullptr) CheckChannel(channel);
      channels.push_back(std::move(channel.text));
    }
  }

  void CheckChannel(const PlacedText& channel) {
    const ReceiverNames& receivers = *context_.receivers;
    if (!receivers.IsKnown(channel.text)) {
      report_.Error(channel.mark,
                    fmt::format("unknown notification channel {}; known: {}",
                                QuoteForMessage(channel.text), receivers.KnownList()));
    } else if (!receivers.IsConfiguredForRules(channel.text)) {
      report_.Warning(channel.mark, HowToConfigure(channel.text));
    }
  }

  void ReadTemplate() {
    const std::string_view key = "notification_template";
    if (!map_.ReadText(key, &rule_.notification_template)) return;
    const std::string& text = rule_.notification_template;
    if (LooksLikeJson(text)) return CheckJsonForm(key, text);
    const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
    if (!parsed) {
      ErrorAt(key, "{}: {}", key, parsed.message());
    }
  }

  void CheckJsonForm(std::string_view key, const std::string& text) {
    const std::optional<YamlNode> json = ReadJsonTemplate(text);
    if (!json) return ErrorAt(key, "{}: it begins like a JSON object and is none", key);
    if (const Status checked = CheckTemplateTexts(*json); !checked) {
      ErrorAt(key, "{}: {}", key, checked.message());
    }
  }

  void ReadLink(std::string_view key, std::string* out) {
    if (!map_.ReadText(key, out) || out->empty()) return;
    if (const Status checked = CheckRuleUrl(*out); !checked) {
      ErrorAt(key, "{}: {}", key, checked.message());
    }
  }

  void HintAtOtherWords() {
    for (const auto& [word, ours] : kOtherWords) {
      if (map_.Find(word) == nullptr) continue;
      report_.Error(map_.PlaceOfKey(word), fmt::format("unknown key {} in {}; did you mean {}?",
                                                       QuoteForMessage(word), map_.name(), ours));
    }
  }

  const RuleFileContext& context_;
  FileReport& report_;
  MapDecoder map_;
  ThresholdRule rule_;
};

// Entries of Prometheus rule groups, which may once stand in the same list.
bool IsPromqlRule(const YamlNode& node) {
  return std::any_of(node.entries.begin(), node.entries.end(), [](const YamlEntry& entry) {
    return entry.key == "alert" || entry.key == "record" || entry.key == "expr";
  });
}

bool IsDecodable(const YamlNode& node, FileReport& report) {
  if (node.kind != YamlNode::Kind::kMap) {
    report.Error(node.mark, "an entry of rules must be a map with name, metric_name and so on");
    return false;
  }
  if (IsPromqlRule(node)) {
    report.Error(node.mark, "a rule with alert, record or expr (PromQL) is not supported yet");
    return false;
  }
  return true;
}

class RuleFileReader {
 public:
  RuleFileReader(const RuleFileContext& context, FileReport& report)
      : context_(context), report_(report) {}

  std::vector<std::shared_ptr<const ThresholdRule>> Read(std::string_view text) {
    if (text.size() > kMaxRuleFileBytes) {
      report_.Error({}, fmt::format("the file is larger than {} bytes", kMaxRuleFileBytes));
      return {};
    }
    const std::optional<YamlNode> root = ParseYaml(text, report_);
    if (root && !RefuseObject(*root)) ReadTop(*root);
    return std::move(rules_);
  }

 private:
  bool RefuseObject(const YamlNode& root) {
    const YamlNode* const kind = KubernetesKind(root);
    if (kind == nullptr || kind->text != "PrometheusRule") {
      return RefuseKubernetesObject(root, "a rule file", report_);
    }
    report_.Error(kind->mark, "PrometheusRule objects are not supported yet");
    return true;
  }

  void ReadTop(const YamlNode& root) {
    MapDecoder top(root, "the rule file", report_);
    for (const YamlNode& node : top.ReadList("rules")) {
      if (IsDecodable(node, report_)) ReadRule(node);
    }
    if (top.Find("groups") != nullptr) {
      report_.Error(top.PlaceOfKey("groups"),
                    "groups (Prometheus rule groups) is not supported yet; native rules stand "
                    "under rules");
    }
    if (top.Find("recording_rules") != nullptr) {
      report_.Error(top.PlaceOfKey("recording_rules"),
                    "unknown key \"recording_rules\": recording rules belong under groups[].rules "
                    "with record:, and groups is not supported yet");
    }
    top.Finish();
  }

  void ReadRule(const YamlNode& node) {
    const std::size_t errors_before = report_.errors();
    auto rule = std::make_shared<ThresholdRule>(RuleDecoder(node, context_, report_).Decode());
    const auto [first, is_new] = places_.emplace(rule->name, node.mark);
    if (!rule->name.empty() && !is_new) {
      report_.Error(node.mark,
                    fmt::format("rule {} is already defined at {}", QuoteForMessage(rule->name),
                                report_.PlaceName(first->second)));
    }
    if (report_.errors() != errors_before) return;
    // No file name holds the zero byte, so no two pairs make one text.
    rule->id = UuidFromName(context_.identity + '\0' + rule->name);
    rules_.push_back(std::move(rule));
  }

  const RuleFileContext& context_;
  FileReport& report_;
  std::vector<std::shared_ptr<const ThresholdRule>> rules_;
  std::map<std::string, Mark> places_;  // by name
};

}  // namespace

std::optional<StaleAlerts> ReadStaleAlerts(MapDecoder& map) {
  constexpr std::string_view kKey = "stale_alerts";
  std::string word;
  if (!map.ReadText(kKey, &word)) return std::nullopt;
  const std::optional<StaleAlerts> what = ParseStaleAlerts(word);
  if (!what) {
    map.report().Error(map.PlaceOf(kKey), fmt::format("unknown {} {}; use resolve or keep", kKey,
                                                      QuoteForMessage(word)));
  }
  return what;
}

std::vector<std::shared_ptr<const ThresholdRule>> ReadRuleFile(std::string_view text,
                                                               const RuleFileContext& context,
                                                               FileReport& report) {
  return RuleFileReader(context, report).Read(text);
}

}  // namespace tocsin::config
