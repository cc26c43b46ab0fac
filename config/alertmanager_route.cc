#include "config/alertmanager_route.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/alertmanager_receivers.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kGroupByAll = "...";

// The three spellings of a list of matchers, which may stand side by side: all of them AND.
struct MatcherKeys {
  std::string_view matchers;
  std::string_view equal;  // deprecated: a map of names to values
  std::string_view regex;  // deprecated: a map of names to regular expressions
};
constexpr MatcherKeys kRouteMatchers = {"matchers", "match", "match_re"};
constexpr MatcherKeys kSourceMatchers = {"source_matchers", "source_match", "source_match_re"};
constexpr MatcherKeys kTargetMatchers = {"target_matchers", "target_match", "target_match_re"};

class MatchersReader {
 public:
  MatchersReader(MapDecoder& map, MatcherDialect dialect)
      : map_(map), report_(map.report()), dialect_(dialect) {}

  std::vector<Matcher> Read(const MatcherKeys& keys) {
    ReadPairs(keys.equal, Matcher::Op::kEqual);
    ReadPairs(keys.regex, Matcher::Op::kRegex);
    for (const PlacedText& text : map_.ReadTexts(keys.matchers)) ReadList(text);
    SortMatchers(&matchers_);
    return std::move(matchers_);
  }

 private:
  void ReadList(const PlacedText& text) {
    Result<ParsedMatchers> parsed = ParseMatcherList(text.text, dialect_);
    if (!parsed) {
      report_.Error(text.mark, parsed.message());
      return;
    }
    for (std::string& warning : parsed->warnings) report_.Warning(text.mark, std::move(warning));
    for (Matcher& matcher : parsed->matchers) matchers_.push_back(std::move(matcher));
  }

  void ReadPairs(std::string_view key, Matcher::Op op) {
    for (const YamlEntry& entry : map_.ReadEntries(key)) {
      if (!IsValidLabelName(entry.key, dialect_)) {
        report_.Error(entry.mark, fmt::format("invalid label name {}", QuoteForMessage(entry.key)));
        continue;
      }
      std::string value;
      const std::string what = fmt::format("{}.{}", key, NameForMessage(entry.key));
      if (!entry.value.is_null() && !ReadText(entry.value, what, report_, &value)) continue;
      constexpr Matcher::Dot kDot = Matcher::Dot::kAnyButNewline;
      Result<Matcher> matcher = Matcher::Make(entry.key, op, value, kDot);
      // Group keys hold the anchored form, and open incidents hang on group keys.
      if (matcher && op == Matcher::Op::kRegex) {
        matcher = Matcher::Make(entry.key, op, fmt::format("^(?:{})$", value), kDot);
      }
      if (matcher) {
        matchers_.push_back(*std::move(matcher));
      } else {
        report_.Error(entry.value.is_null() ? entry.mark : entry.value.mark, matcher.message());
      }
    }
  }

  MapDecoder& map_;
  FileReport& report_;
  const MatcherDialect dialect_;
  std::vector<Matcher> matchers_;
};

// Names of labels in a list; the bad ones are reported and left out. `also` is one more good name.
std::vector<PlacedText> ReadLabelNames(MapDecoder& map, std::string_view key,
                                       MatcherDialect dialect, std::string_view also = {}) {
  std::vector<PlacedText> good;
  for (PlacedText& name : map.ReadTexts(key)) {
    const bool is_good =
        IsValidLabelName(name.text, dialect) || (!also.empty() && name.text == also);
    if (is_good) {
      good.push_back(std::move(name));
    } else {
      map.report().Error(name.mark,
                         fmt::format("invalid label name {}", QuoteForMessage(name.text)));
    }
  }
  return good;
}

class RouteReader {
 public:
  RouteReader(const RouteNames& names, const TemplateChecker& templates, MatcherDialect dialect,
              FileReport& report)
      : names_(names), templates_(templates), dialect_(dialect), report_(report) {}

  AlertmanagerRoute ReadRoot(const YamlNode& node) {
    MapDecoder map(node, "route", report_);
    AlertmanagerRoute root = Read(map, AlertmanagerRoute());
    if (root.receiver.empty()) {
      report_.Error(map.PlaceOf("receiver"), "root route must specify a default receiver");
    }
    for (std::string_view key : {"matchers", "match", "match_re"}) {
      if (IsFilled(map, key)) {
        report_.Error(map.PlaceOfKey(key), "root route must not have any matchers");
      }
    }
    if (IsFilled(map, "mute_time_intervals")) {
      report_.Error(map.PlaceOfKey("mute_time_intervals"),
                    "root route must not have any mute time intervals");
    }
    if (IsFilled(map, "active_time_intervals")) {
      report_.Error(map.PlaceOfKey("active_time_intervals"),
                    "root route must not have any active time intervals");
    }
    if (root.continue_matching) {
      report_.Error(map.PlaceOfKey("continue"), "cannot have continue in root route");
    }
    return root;
  }

 private:
  static bool IsFilled(MapDecoder& map, std::string_view key) {
    const YamlNode* node = map.Find(key);
    return node != nullptr && !(node->items.empty() && node->entries.empty());
  }

  // Recursion is bounded by the reader of the tree: kMaxYamlDepth.
  AlertmanagerRoute Read(MapDecoder& map, const AlertmanagerRoute& parent) {
    AlertmanagerRoute route;
    route.place = report_.PlaceName(map.mark());
    route.receiver = parent.receiver;
    ReadReceiver(map, &route);
    ReadGrouping(map, parent, &route);
    ReadTimes(map, parent, &route);
    ReadLabels(map, parent, &route);
    route.matchers = MatchersReader(map, dialect_).Read(kRouteMatchers);
    map.ReadBool("continue", &route.continue_matching);
    route.mute_time_intervals = ReadIntervals(map, "mute_time_intervals");
    route.active_time_intervals = ReadIntervals(map, "active_time_intervals");
    for (const YamlNode& node : map.ReadList("routes")) {
      if (node.is_null()) {
        report_.Error(node.mark, "empty or null route in routes");
        continue;
      }
      MapDecoder child(node, "routes", report_);
      route.children.push_back(Read(child, route));
    }
    map.Finish();
    return route;
  }

  void ReadReceiver(MapDecoder& map, AlertmanagerRoute* route) {
    std::string receiver;
    if (!map.ReadText("receiver", &receiver) || receiver.empty()) return;
    if (names_.receivers.count(receiver) == 0) {
      report_.Error(map.PlaceOf("receiver"),
                    fmt::format("undefined receiver {} used in route", QuoteForMessage(receiver)));
    }
    route->receiver = std::move(receiver);
  }

  void ReadGrouping(MapDecoder& map, const AlertmanagerRoute& parent, AlertmanagerRoute* route) {
    if (map.Find("group_by") == nullptr) {
      route->group_by = parent.group_by;
      route->group_by_all = parent.group_by_all;
      return;
    }
    std::set<std::string> seen;
    for (PlacedText& label : ReadLabelNames(map, "group_by", dialect_, kGroupByAll)) {
      if (!seen.insert(label.text).second) {
        report_.Error(label.mark,
                      fmt::format("duplicated label {} in group_by", QuoteForMessage(label.text)));
      } else if (label.text == kGroupByAll) {
        route->group_by_all = true;
      } else {
        route->group_by.push_back(std::move(label.text));
      }
    }
    if (route->group_by_all && !route->group_by.empty()) {
      report_.Error(map.PlaceOf("group_by"),
                    "cannot have wildcard group_by (`...`) and other labels at the same time");
    }
  }

  void ReadTimes(MapDecoder& map, const AlertmanagerRoute& parent, AlertmanagerRoute* route) {
    route->group_wait = parent.group_wait;
    route->group_interval = parent.group_interval;
    route->repeat_interval = parent.repeat_interval;
    map.ReadDuration("group_wait", &route->group_wait);
    ReadPeriod(map, "group_interval", &route->group_interval);
    ReadPeriod(map, "repeat_interval", &route->repeat_interval);
  }

  void ReadPeriod(MapDecoder& map, std::string_view key, Duration* out) {
    Duration value{0};
    if (!map.ReadDuration(key, &value)) return;
    if (value.count() == 0) {
      report_.Error(map.PlaceOf(key), fmt::format("{} cannot be zero", key));
      return;
    }
    *out = value;
  }

  void ReadLabels(MapDecoder& map, const AlertmanagerRoute& parent, AlertmanagerRoute* route) {
    LabelsBuilder merged(parent.labels);
    for (const auto& [name, value] : DecodeAlertmanagerLabels(map, "labels", dialect_)) {
      merged.Set(name, value);
    }
    // An empty value is a value here: it takes the parent's away.
    if (const YamlNode* labels = map.Find("labels")) {
      for (const YamlEntry& entry : labels->entries) {
        templates_.CheckText(fmt::format("label {}", NameForMessage(entry.key)), entry.value,
                             report_);
        if (entry.value.text.empty()) merged.Remove(entry.key);
      }
    }
    route->labels = merged.Build();
  }

  std::vector<std::string> ReadIntervals(MapDecoder& map, std::string_view key) {
    std::vector<std::string> intervals;
    for (PlacedText& name : map.ReadTexts(key)) {
      if (names_.time_intervals.count(name.text) == 0) {
        report_.Error(name.mark, fmt::format("undefined time interval {} used in route",
                                             QuoteForMessage(name.text)));
      }
      intervals.push_back(std::move(name.text));
    }
    return intervals;
  }

  const RouteNames& names_;
  const TemplateChecker& templates_;
  const MatcherDialect dialect_;
  FileReport& report_;
};

InhibitRule ReadInhibitRule(const YamlNode& node, MatcherDialect dialect, FileReport& report) {
  MapDecoder map(node, "inhibit_rules", report);
  InhibitRule rule;
  rule.place = report.PlaceName(node.mark);
  map.ReadText("name", &rule.name);
  rule.source = MatchersReader(map, dialect).Read(kSourceMatchers);
  rule.target = MatchersReader(map, dialect).Read(kTargetMatchers);
  for (PlacedText& label : ReadLabelNames(map, "equal", dialect)) {
    rule.equal.push_back(std::move(label.text));
  }
  map.Finish();
  return rule;
}

}  // namespace

AlertmanagerRoute DecodeAlertmanagerRoute(MapDecoder& top, const RouteNames& names,
                                          const TemplateChecker& templates,
                                          MatcherDialect dialect) {
  const YamlNode* node = top.Find("route");
  if (node == nullptr) {
    top.report().Error(top.PlaceOf("route"), "no route provided in config");
    return {};
  }
  return RouteReader(names, templates, dialect, top.report()).ReadRoot(*node);
}

std::vector<InhibitRule> DecodeInhibitRules(MapDecoder& top, MatcherDialect dialect) {
  std::vector<InhibitRule> rules;
  for (const YamlNode& node : top.ReadList("inhibit_rules")) {
    if (node.is_null()) {
      top.report().Warning(top.PlaceOfKey("inhibit_rules"),
                           "an empty item of inhibit_rules has no effect");
      continue;
    }
    rules.push_back(ReadInhibitRule(node, dialect, top.report()));
  }
  return rules;
}

}  // namespace tocsin::config
