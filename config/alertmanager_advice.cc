#include "config/alertmanager_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kSeverityLabel = "severity";
// Those of the alerting API, and those of Prometheus that it understands.
constexpr std::array<std::string_view, 9> kKnownSeverities = {
    "critical", "high", "medium", "low", "info", "error", "page", "warning", "none"};

const YamlEntry* FilledEntry(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const YamlEntry& entry) { return entry.key == key; });
  return found == map.entries.end() || found->value.is_null() ? nullptr : &*found;
}

// The first of the keys that stands there, else the map.
Mark PlaceOf(const YamlNode& map, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const YamlEntry* const entry = FilledEntry(map, key)) return entry->value.mark;
  }
  return map.mark;
}

// What is read of a list: its items, without the empty ones.
std::vector<const YamlNode*> ItemsOf(const YamlNode& map, std::string_view key) {
  std::vector<const YamlNode*> items;
  const YamlEntry* const entry = FilledEntry(map, key);
  if (entry == nullptr) return items;
  for (const YamlNode& item : entry->value.items) {
    if (!item.is_null()) items.push_back(&item);
  }
  return items;
}

// The words that a matcher names: its value, or the alternatives of a plain regular expression.
std::vector<std::string_view> WordsOf(const Matcher& matcher) {
  std::string_view text = matcher.value();
  const bool is_regex =
      matcher.op() == Matcher::Op::kRegex || matcher.op() == Matcher::Op::kNotRegex;
  if (!is_regex) return {text};
  constexpr std::string_view kAnchor = "^(?:";
  if (text.starts_with(kAnchor) && text.ends_with(")$")) {  // of match_re
    text = text.substr(kAnchor.size(), text.size() - kAnchor.size() - 2);
  }
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '|';
  });
  return is_plain ? Split(text, '|') : std::vector<std::string_view>();
}

// Whether no alert fulfils all of them: one demands a value that another excludes.
bool AreContradictory(const std::vector<Matcher>& matchers) {
  return std::any_of(matchers.begin(), matchers.end(), [&matchers](const Matcher& one) {
    if (one.op() != Matcher::Op::kEqual) return false;
    return std::any_of(matchers.begin(), matchers.end(), [&one](const Matcher& other) {
      return other.name() == one.name() && !other.Matches(std::string_view(one.value()));
    });
  });
}

// Whether `a` demands a value of the label that `b` excludes.
bool ExcludeEachOther(const std::vector<Matcher>& a, const std::vector<Matcher>& b,
                      std::string_view label) {
  return std::any_of(a.begin(), a.end(), [&](const Matcher& one) {
    if (one.op() != Matcher::Op::kEqual || one.name() != label) return false;
    return std::any_of(b.begin(), b.end(), [&](const Matcher& other) {
      return other.name() == label && !other.Matches(std::string_view(one.value()));
    });
  });
}

class Adviser {
 public:
  Adviser(const AlertmanagerSettings& settings, Duration retention, FileReport& report)
      : settings_(settings), retention_(retention), report_(report) {}

  // Recursion is bounded by the reader of the tree: kMaxYamlDepth.
  void AdviseOnRoute(const YamlNode& node, const AlertmanagerRoute& route, bool is_root) {
    const auto is_said = [&node, is_root](std::string_view key) {
      return is_root || FilledEntry(node, key) != nullptr;
    };
    if (is_said("receiver")) CheckReceiver(node, route.receiver);
    if (is_said("repeat_interval")) CheckRetention(node, route);
    if (is_said("repeat_interval") || is_said("group_interval")) CheckIntervals(node, route);
    CheckSeverities(route.matchers, PlaceOf(node, {"matchers", "match", "match_re"}));
    const std::vector<const YamlNode*> children = ItemsOf(node, "routes");
    for (std::size_t i = 0; i < std::min(children.size(), route.children.size()); ++i) {
      AdviseOnRoute(*children[i], route.children[i], false);
    }
  }

  void AdviseOnInhibition(const YamlNode& node, const InhibitRule& rule) {
    CheckSeverities(rule.source,
                    PlaceOf(node, {"source_matchers", "source_match", "source_match_re"}));
    CheckSeverities(rule.target,
                    PlaceOf(node, {"target_matchers", "target_match", "target_match_re"}));
    const auto warn = [this, &node](const std::string& why) {
      report_.Warning(node.mark, "this inhibit rule never has an effect: " + why);
    };
    if (AreContradictory(rule.source)) return warn("no alert meets all of its source matchers");
    if (AreContradictory(rule.target)) return warn("no alert meets all of its target matchers");
    if (!rule.source.empty() && rule.source == rule.target) {
      return warn(
          "its source and target matchers are the same, and such alerts do not inhibit "
          "each other");
    }
    for (const std::string& label : rule.equal) {
      if (ExcludeEachOther(rule.source, rule.target, label) ||
          ExcludeEachOther(rule.target, rule.source, label)) {
        return warn(
            fmt::format("source and target matchers ask for different values of {}, which "
                        "stands in equal",
                        QuoteForMessage(label)));
      }
    }
  }

 private:
  void CheckReceiver(const YamlNode& node, const std::string& name) {
    const auto found = std::find_if(
        settings_.receivers.begin(), settings_.receivers.end(),
        [&name](const AlertmanagerReceiver& receiver) { return receiver.name == name; });
    if (found == settings_.receivers.end() || !found->integrations.empty()) return;
    report_.Warning(PlaceOf(node, {"receiver"}),
                    fmt::format("receiver {} has no integration: nobody is told of alerts that "
                                "come here",
                                QuoteForMessage(name)));
  }

  void CheckRetention(const YamlNode& node, const AlertmanagerRoute& route) {
    if (route.repeat_interval <= retention_) return;
    report_.Warning(
        PlaceOf(node, {"repeat_interval"}),
        fmt::format("repeat_interval ({}) is greater than the data retention period ({}): "
                    "notifications are repeated more often than it says",
                    FormatDuration(route.repeat_interval), FormatDuration(retention_)));
  }

  void CheckIntervals(const YamlNode& node, const AlertmanagerRoute& route) {
    if (route.repeat_interval >= route.group_interval) return;
    report_.Warning(
        PlaceOf(node, {"repeat_interval", "group_interval"}),
        fmt::format("repeat_interval ({}) is less than group_interval ({}): "
                    "notifications are not repeated before the next group_interval",
                    FormatDuration(route.repeat_interval), FormatDuration(route.group_interval)));
  }

  // Each word once.
  void CheckSeverities(const std::vector<Matcher>& matchers, Mark place) {
    for (const Matcher& matcher : matchers) {
      if (matcher.name() != kSeverityLabel) continue;
      for (const std::string_view word : WordsOf(matcher)) {
        const bool is_known =
            word.empty() || std::find(kKnownSeverities.begin(), kKnownSeverities.end(), word) !=
                                kKnownSeverities.end();
        if (is_known || !told_.emplace(word).second) continue;
        report_.Warning(place, fmt::format("unknown severity {}; known: {}", QuoteForMessage(word),
                                           fmt::join(kKnownSeverities, ", ")));
      }
    }
  }

  const AlertmanagerSettings& settings_;
  const Duration retention_;
  FileReport& report_;
  std::set<std::string> told_;  // words
};

}  // namespace

void AdviseOnAlertmanager(const YamlNode& root, const AlertmanagerSettings& settings,
                          Duration retention, FileReport& report) {
  Adviser adviser(settings, retention, report);
  if (const YamlEntry* const route = FilledEntry(root, "route")) {
    adviser.AdviseOnRoute(route->value, settings.route, true);
  }
  const std::vector<const YamlNode*> rules = ItemsOf(root, "inhibit_rules");
  for (std::size_t i = 0; i < std::min(rules.size(), settings.inhibit_rules.size()); ++i) {
    adviser.AdviseOnInhibition(*rules[i], settings.inhibit_rules[i]);
  }
}

std::vector<PlacedText> AlertsOfInhibition(const YamlNode& root,
                                           const AlertmanagerSettings& settings) {
  std::vector<PlacedText> alerts;
  const std::vector<const YamlNode*> rules = ItemsOf(root, "inhibit_rules");
  for (std::size_t i = 0; i < std::min(rules.size(), settings.inhibit_rules.size()); ++i) {
    for (const auto* matchers :
         {&settings.inhibit_rules[i].source, &settings.inhibit_rules[i].target}) {
      for (const Matcher& matcher : *matchers) {
        const bool names_one = matcher.op() == Matcher::Op::kEqual && !matcher.value().empty();
        if (names_one && matcher.name() == "alertname") {
          alerts.push_back({matcher.value(), rules[i]->mark});
        }
      }
    }
  }
  return alerts;
}

}  // namespace tocsin::config
