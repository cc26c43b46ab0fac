#include "receivers/pipeline/graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "receivers/alerts/native_alert.h"
#include "receivers/channels/group_email.h"
#include "receivers/channels/native_group_channel.h"
#include "receivers/channels/vendor.h"
#include "receivers/channels/vendor_list.h"
#include "receivers/templates/default_templates.h"

namespace tocsin::receivers {
namespace {

using TemplatesPtr = std::shared_ptr<const gotemplate::TemplateSet>;

// The types of receivers of alertmanager.yml that are reached by HTTP.
constexpr std::pair<std::string_view, VendorMaker> kVendors[] = {
#define TOCSIN_VENDOR(Name, type) {#type, MakeGroup##Name},
    TOCSIN_VENDORS
#undef TOCSIN_VENDOR
};

Result<std::unique_ptr<GroupChannel>> MakeGroupChannel(
    const config::AlertmanagerIntegration& settings, const TemplatesPtr& templates,
    const ChannelContext& context) {
  if (settings.type == "email") return MakeGroupEmail(settings, templates, context);
  for (const auto& [type, make] : kVendors) {
    if (type == settings.type) return MakeVendorChannel(make, settings, templates, context);
  }
  CHECK(false);  // the configuration knows no other types
}

constexpr const char* kEachAlert = "...";

Result<std::shared_ptr<GroupIntegration>> MakeIntegration(
    const config::AlertmanagerReceiver& receiver, const config::AlertmanagerIntegration& settings,
    const TemplatesPtr& templates, const ChannelContext& context) {
  auto integration = std::make_shared<GroupIntegration>();
  integration->receiver = receiver.name;
  integration->type = settings.type;
  integration->id = fmt::format("{}[{}]", settings.type, settings.index);
  integration->send_resolved = settings.send_resolved;
  integration->egress = context.egress;
  Result<std::unique_ptr<GroupChannel>> channel = MakeGroupChannel(settings, templates, context);
  if (!channel) return Error{fmt::format("{}: {}", settings.place, channel.message())};
  integration->channel = *std::move(channel);
  return integration;
}

// Those of the files; who loaded none has the default ones.
TemplatesPtr TemplatesOf(const config::AlertmanagerSettings& settings,
                         const ChannelContext& context) {
  if (settings.templates != nullptr) return settings.templates;
  return std::make_shared<const gotemplate::TemplateSet>(MakeDefaultTemplates(context.clock));
}

Result<std::vector<GroupIntegrationPtr>> MakeTreeIntegrations(
    const config::AlertmanagerReceiver& receiver, const NativeTargets& native,
    const TemplatesPtr& templates, const ChannelContext& context) {
  std::vector<GroupIntegrationPtr> integrations;
  const auto limits = native.limits.find(receiver.name);
  for (const config::AlertmanagerIntegration& one : receiver.integrations) {
    Result<std::shared_ptr<GroupIntegration>> integration =
        MakeIntegration(receiver, one, templates, context);
    if (!integration) return integration.error();
    if (limits != native.limits.end()) (*integration)->limits = limits->second;
    integrations.push_back(*std::move(integration));
  }
  return integrations;
}

config::AlertmanagerRoute DirectRoute(const std::string& receiver,
                                      const config::NativeGrouping& grouping = {}) {
  config::AlertmanagerRoute route;
  route.receiver = receiver;
  route.group_by = grouping.group_by.value_or(std::vector<std::string>{kEachAlert});
  route.group_by_all = route.group_by == std::vector<std::string>{kEachAlert};
  if (route.group_by_all) route.group_by.clear();
  route.group_wait = grouping.group_wait.value_or(Duration(0));
  route.group_interval = grouping.group_interval.value_or(std::chrono::seconds(1));
  route.repeat_interval = grouping.repeat_interval.value_or(kNoRepeat);
  return route;
}

// A tree that sends everything to each of these.
std::shared_ptr<const config::AlertmanagerSettings> DefaultSettings(
    const std::vector<std::string>& receivers) {
  auto settings = std::make_shared<config::AlertmanagerSettings>();
  for (const std::string& name : receivers) {
    config::AlertmanagerReceiver receiver;
    receiver.name = name;
    settings->receivers.push_back(std::move(receiver));
    settings->route.children.push_back(DirectRoute(name));
    settings->route.children.back().continue_matching = true;
  }
  std::vector<config::AlertmanagerRoute> children = std::move(settings->route.children);
  settings->route = DirectRoute(receivers.front());
  if (receivers.size() > 1) settings->route.children = std::move(children);
  return settings;
}

Result<std::vector<GroupIntegrationPtr>> MakeOwnIntegrations(
    const config::ReceiverSettings& receiver, const NativeTargets& native, ChannelContext context) {
  if (receiver.from_api) context.egress = native.api_egress;
  return MakeNativeIntegrations(receiver, context);
}

// The receivers of tocsin.yml and of the API.
Status AddNativeReceivers(const ChannelContext& context, PipelineGraph* graph) {
  for (const config::ReceiverSettings& receiver : graph->native_targets.receivers) {
    Result<std::vector<GroupIntegrationPtr>> made =
        MakeOwnIntegrations(receiver, graph->native_targets, context);
    if (!made) return made.error();
    graph->named_receivers.insert_or_assign(receiver.name, *std::move(made));
    const config::NativeGrouping grouping =
        config::Combine(receiver.grouping, graph->native_targets.grouping);
    graph->direct_routes.insert_or_assign(receiver.name, MakeDirectRoute(receiver.name, grouping));
  }
  return {};
}

void AddAll(const std::vector<GroupIntegrationPtr>& some, std::vector<GroupIntegrationPtr>* all) {
  for (const GroupIntegrationPtr& one : some) {
    if (std::find(all->begin(), all->end(), one) == all->end()) all->push_back(one);
  }
}

void AddName(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

}  // namespace

Route MakeDirectRoute(const std::string& receiver, const config::NativeGrouping& grouping) {
  Route route;
  route.settings = DirectRoute(receiver, grouping);
  route.group_by = route.settings.group_by;
  route.direct = true;
  route.each_episode = route.settings.group_by_all;
  route.path = {{}};
  return route;
}

std::vector<const Route*> PipelineGraph::RoutesOf(const PostedAlert& alert) const {
  if (alert.native == nullptr) return routes.Match(alert.labels);
  const ThresholdRule& rule = *alert.native->rule;
  const bool tree = native_targets.has_tree && GoesThroughTree(rule, native_targets.routing);
  std::vector<std::string> named;
  if (!native_targets.has_tree || native_targets.routing != config::NativeRouting::kTree) {
    for (const std::string& name : rule.notification_channels) AddName(name, &named);
    if (named.empty() && !tree) named = native_targets.default_receivers;
  }
  std::vector<const Route*> found;
  for (const std::string& receiver : named) {
    const auto route = direct_routes.find(receiver);
    if (route != direct_routes.end()) found.push_back(&route->second);
  }
  if (tree) {
    const std::vector<const Route*> of_tree = routes.Match(alert.labels);
    found.insert(found.end(), of_tree.begin(), of_tree.end());
  }
  return found;
}

std::vector<std::string> PipelineGraph::ReceiversOf(const PostedAlert& alert) const {
  std::vector<std::string> names;
  for (const Route* route : RoutesOf(alert)) names.push_back(route->settings.receiver);
  return names;
}

std::vector<std::string> PipelineGraph::IntervalsThatMute(const PostedAlert& alert,
                                                          Timestamp t) const {
  std::vector<std::string> names;
  if (intervals.empty()) return names;
  for (const Route* route : RoutesOf(alert)) {
    const std::vector<std::string>& active = route->settings.active_time_intervals;
    std::vector<std::string> muting = intervals.Covering(route->settings.mute_time_intervals, t);
    if (!active.empty() && intervals.Covering(active, t).empty()) muting = active;
    if (muting.empty()) return {};
    for (const std::string& name : muting) AddName(name, &names);
  }
  return names;
}

const std::vector<GroupIntegrationPtr>& PipelineGraph::IntegrationsOf(const Route& route) const {
  static const std::vector<GroupIntegrationPtr> kNone;
  const IntegrationsByName& all = route.direct ? named_receivers : receivers;
  const auto found = all.find(route.settings.receiver);
  return found == all.end() ? kNone : found->second;
}

std::vector<GroupIntegrationPtr> PipelineGraph::Integrations() const {
  std::vector<GroupIntegrationPtr> all;
  for (const IntegrationsByName* map : {&named_receivers, &receivers}) {
    for (const auto& [name, integrations] : *map) AddAll(integrations, &all);
  }
  return all;
}

std::vector<std::string> PipelineGraph::ReceiverNames() const {
  std::vector<std::string> names;
  for (const auto& receiver : native_targets.receivers) AddName(receiver.name, &names);
  for (const auto& receiver : settings->receivers) AddName(receiver.name, &names);
  return names;
}

Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context,
    NativeTargets native) {
  auto graph = std::make_shared<PipelineGraph>(std::move(settings), std::move(native));
  Result<TimeIntervals> intervals = TimeIntervals::Make(graph->settings->time_intervals);
  if (!intervals) return intervals.error();
  graph->intervals = *std::move(intervals);
  const TemplatesPtr templates = TemplatesOf(*graph->settings, context);
  for (const config::AlertmanagerReceiver& receiver : graph->settings->receivers) {
    Result<std::vector<GroupIntegrationPtr>> made =
        MakeTreeIntegrations(receiver, graph->native_targets, templates, context);
    if (!made) return made.error();
    graph->receivers[receiver.name] = *std::move(made);
    graph->direct_routes.emplace(receiver.name,
                                 MakeDirectRoute(receiver.name, graph->native_targets.grouping));
  }
  graph->named_receivers = graph->receivers;
  if (Status added = AddNativeReceivers(context, graph.get()); !added) return added.error();
  return PipelineGraphPtr(std::move(graph));
}

Result<std::vector<GroupIntegrationPtr>> MakeIntegrationsOf(const PipelineGraph& graph,
                                                            const std::string& receiver,
                                                            const ChannelContext& context) {
  std::vector<GroupIntegrationPtr> integrations;
  bool is_known = false;
  const auto append = [&](Result<std::vector<GroupIntegrationPtr>> made) {
    is_known = true;
    if (made) integrations.insert(integrations.end(), made->begin(), made->end());
    return made ? Status() : Status(made.error());
  };
  for (const config::ReceiverSettings& native : graph.native_targets.receivers) {
    if (native.name != receiver) continue;
    Status added = append(MakeOwnIntegrations(native, graph.native_targets, context));
    if (!added) return added.error();
  }
  const TemplatesPtr templates = TemplatesOf(*graph.settings, context);
  for (const config::AlertmanagerReceiver& one : graph.settings->receivers) {
    const bool is_meant = one.name == receiver && graph.native_targets.has_tree;
    if (!is_meant) continue;
    Status added = append(MakeTreeIntegrations(one, graph.native_targets, templates, context));
    if (!added) return added.error();
  }
  if (!is_known) {
    return Error{fmt::format("there is no receiver {}; configured: {}", QuoteForMessage(receiver),
                             fmt::join(graph.ReceiverNames(), ", "))};
  }
  return integrations;
}

Result<PipelineGraphPtr> BuildDefaultGraph(NativeTargets native, const ChannelContext& context) {
  native.has_tree = false;
  auto settings = DefaultSettings(native.default_receivers);
  auto graph = std::make_shared<PipelineGraph>(std::move(settings), std::move(native));
  if (Status added = AddNativeReceivers(context, graph.get()); !added) return added.error();
  for (const std::string& name : graph->native_targets.default_receivers) {
    graph->receivers[name] = graph->named_receivers[name];
  }
  return PipelineGraphPtr(std::move(graph));
}

}  // namespace tocsin::receivers
