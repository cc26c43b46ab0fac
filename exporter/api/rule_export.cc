#include "exporter/api/rule_export.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/template/utf8.h"
#include "base/text.h"
#include "config/yaml_print.h"
#include "exporter/api/rule_body.h"

namespace tocsin::api {
namespace {

// The front of a text, of so many characters at most.
std::string_view FrontOf(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  for (; characters > 0 && end < text.size(); --characters) {
    end += gotemplate::DecodeCharacter(text, end).size;
  }
  return text.substr(0, end);
}

class RuleExport {
 public:
  RuleExport(const std::vector<std::shared_ptr<const ThresholdRule>>& rules,
             const config::ReceiverNames& of_files)
      : rules_(rules), of_files_(of_files) {}

  std::string Print() {
    for (const auto& rule : rules_) taken_.insert(rule->name);
    std::vector<config::YamlNode> nodes;
    for (const auto& rule : rules_) nodes.push_back(AsYaml(*rule));
    config::YamlMap file;
    file.Add("rules", config::YamlList(std::move(nodes)));
    return comments_ + config::PrintYaml(std::move(file).Take());
  }

 private:
  config::YamlNode AsYaml(const ThresholdRule& rule) {
    const std::string name = NameOf(rule);
    config::YamlMap map;
    map.AddText("name", name);
    map.AddText("description", rule.description);
    map.AddText("metric_name", rule.metric_name);
    std::vector<std::string> matchers;
    for (const Matcher& matcher : rule.matchers) matchers.push_back(matcher.ToString());
    map.AddTexts("matchers", matchers);
    map.Add("condition", config::YamlText(ConditionSymbol(rule.condition)));
    map.Add("threshold", config::YamlText(rule.threshold_text));
    map.Add("duration", config::YamlWord(FormatDuration(rule.duration)));
    map.AddText("severity", SeverityName(rule.severity));
    map.AddBool("enabled", rule.enabled);
    map.Add("notification_channels", config::YamlTexts(ChannelsOf(rule, name)));
    map.AddText("notification_template", rule.notification_template);
    map.Add("cooldown_period", config::YamlWord(FormatDuration(rule.cooldown)));
    map.AddText("runbook_url", rule.runbook_url);
    map.AddText("dashboard_url", rule.dashboard_url);
    if (rule.stale_alerts) map.AddText("stale_alerts", StaleAlertsName(*rule.stale_alerts));
    return std::move(map).Take();
  }

  // Names are unique in a file: "x", "x (2)", "x (3)".
  std::string NameOf(const ThresholdRule& rule) {
    std::size_t& number = numbers_[rule.name];
    if (++number == 1) return rule.name;
    std::string name;
    for (;; ++number) {
      const std::string suffix = fmt::format(" ({})", number);
      name = FrontOf(rule.name, RuleLimits::kWordCharacters - suffix.size());
      name += suffix;
      if (taken_.insert(name).second) break;
    }
    comments_ += fmt::format("# {} is another rule {}: names are unique in a file.\n",
                             QuoteForMessage(name), QuoteForMessage(rule.name));
    return name;
  }

  std::vector<std::string> ChannelsOf(const ThresholdRule& rule, const std::string& name) {
    std::vector<std::string> channels;
    for (const std::string& channel : rule.notification_channels) {
      if (of_files_.IsKnown(channel)) {
        channels.push_back(channel);
        continue;
      }
      comments_ += fmt::format(
          "# Left out of {}: the channel {}, a receiver that exists over the API only, or no "
          "more.\n",
          QuoteForMessage(name), QuoteForMessage(channel));
    }
    return channels;
  }

  const std::vector<std::shared_ptr<const ThresholdRule>>& rules_;
  const config::ReceiverNames& of_files_;
  std::set<std::string> taken_;
  std::map<std::string, std::size_t> numbers_;  // how many of a name there were
  std::string comments_;
};

}  // namespace

std::string RulesAsFile(const std::vector<std::shared_ptr<const ThresholdRule>>& rules,
                        const config::ReceiverNames& of_files) {
  return RuleExport(rules, of_files).Print();
}

}  // namespace tocsin::api
