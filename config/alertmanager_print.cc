#include "config/alertmanager_print.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "base/matcher_text.h"
#include "config/alertmanager_intervals.h"
#include "config/http_config.h"
#include "config/yaml_print.h"

namespace tocsin::config {
namespace {

void AddKeys(const CheckedKeys& keys, YamlMap* map) {
  for (const YamlEntry& entry : keys.printable().entries) map->Add(entry.key, entry.value);
}

YamlNode GlobalToYaml(const AlertmanagerGlobal& global) {
  YamlMap map;
  map.Add("http_config", HttpConfigToYaml(global.http));
  AddKeys(global.keys, &map);
  if (global.smtp_tls) map.Add("smtp_tls_config", TlsConfigToYaml(*global.smtp_tls));
  return std::move(map).Take();
}

void AddMatchers(std::string_view key, const std::vector<Matcher>& matchers, YamlMap* map) {
  std::vector<std::string> texts;
  for (const Matcher& matcher : matchers) texts.push_back(FormatMatcher(matcher));
  map->AddTexts(key, texts);
}

// The labels that are not the parent's; an empty value takes one away.
YamlMap LabelsToYaml(const Labels& labels, const Labels& parent) {
  YamlMap map;
  for (const auto& [name, value] : labels) {
    if (parent.Get(name) != value) map.Add(name, YamlText(value));
  }
  for (const auto& [name, value] : parent) {
    if (!labels.Has(name)) map.Add(name, YamlText(""));
  }
  return map;
}

void AddGrouping(const AlertmanagerRoute& route, const AlertmanagerRoute* parent, YamlMap* map) {
  const bool is_inherited = parent != nullptr ? parent->group_by == route.group_by &&
                                                    parent->group_by_all == route.group_by_all
                                              : route.group_by.empty() && !route.group_by_all;
  if (is_inherited) return;
  map->Add("group_by",
           YamlTexts(route.group_by_all ? std::vector<std::string>{"..."} : route.group_by));
}

void AddDuration(std::string_view key, Duration value, const Duration* parents, YamlMap* map) {
  if (parents == nullptr || *parents != value) map->Add(key, YamlWord(FormatDuration(value)));
}

// Null for the root's parent.
YamlNode RouteToYaml(const AlertmanagerRoute& route, const AlertmanagerRoute* parent) {
  YamlMap map;
  if (parent == nullptr || parent->receiver != route.receiver) {
    map.Add("receiver", YamlText(route.receiver));
  }
  AddGrouping(route, parent, &map);
  map.AddMap("labels", LabelsToYaml(route.labels, parent == nullptr ? Labels() : parent->labels));
  AddMatchers("matchers", route.matchers, &map);
  map.AddTexts("mute_time_intervals", route.mute_time_intervals);
  map.AddTexts("active_time_intervals", route.active_time_intervals);
  if (parent != nullptr) map.AddBool("continue", route.continue_matching);
  AddDuration("group_wait", route.group_wait, parent ? &parent->group_wait : nullptr, &map);
  AddDuration("group_interval", route.group_interval, parent ? &parent->group_interval : nullptr,
              &map);
  AddDuration("repeat_interval", route.repeat_interval, parent ? &parent->repeat_interval : nullptr,
              &map);
  std::vector<YamlNode> children;
  for (const AlertmanagerRoute& child : route.children) {
    children.push_back(RouteToYaml(child, &route));
  }
  map.AddList("routes", std::move(children));
  return std::move(map).Take();
}

YamlNode InhibitRuleToYaml(const InhibitRule& rule) {
  YamlMap map;
  map.AddText("name", rule.name);
  AddMatchers("source_matchers", rule.source, &map);
  AddMatchers("target_matchers", rule.target, &map);
  map.AddTexts("equal", rule.equal);
  return std::move(map).Take();
}

YamlNode IntegrationToYaml(const AlertmanagerIntegration& integration) {
  YamlMap map;
  map.AddBool("send_resolved", integration.send_resolved);
  // Mail knows no HTTP.
  if (integration.type != "email") map.Add("http_config", HttpConfigToYaml(integration.http));
  AddKeys(integration.keys, &map);
  if (integration.tls) map.Add("tls_config", TlsConfigToYaml(*integration.tls));
  return std::move(map).Take();
}

YamlNode ReceiverToYaml(const AlertmanagerReceiver& receiver) {
  YamlMap map;
  map.Add("name", YamlText(receiver.name));
  map.AddMap("labels", LabelsToYaml(receiver.labels, Labels()));
  // They stand by type.
  for (auto first = receiver.integrations.begin(); first != receiver.integrations.end();) {
    const std::string& type = first->type;
    std::vector<YamlNode> items;
    for (; first != receiver.integrations.end() && first->type == type; ++first) {
      items.push_back(IntegrationToYaml(*first));
    }
    map.AddList(fmt::format("{}_configs", type), std::move(items));
  }
  return std::move(map).Take();
}

}  // namespace

std::string PrintAlertmanagerConfig(const AlertmanagerSettings& settings) {
  YamlMap top;
  top.Add("global", GlobalToYaml(settings.global));
  top.Add("route", RouteToYaml(settings.route, nullptr));
  std::vector<YamlNode> items;
  for (const InhibitRule& rule : settings.inhibit_rules) items.push_back(InhibitRuleToYaml(rule));
  top.AddList("inhibit_rules", std::exchange(items, {}));
  for (const AlertmanagerReceiver& receiver : settings.receivers) {
    items.push_back(ReceiverToYaml(receiver));
  }
  top.AddList("receivers", std::exchange(items, {}));
  top.AddTexts("templates", settings.template_patterns);
  for (const TimeInterval& interval : settings.time_intervals) {
    items.push_back(TimeIntervalToYaml(interval));
  }
  top.AddList("time_intervals", std::move(items));
  return PrintYaml(std::move(top).Take());
}

}  // namespace tocsin::config
