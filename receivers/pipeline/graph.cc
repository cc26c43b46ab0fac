#include "receivers/pipeline/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "receivers/alerts/native_alert.h"
#include "receivers/channels/group_webhook.h"
#include "receivers/channels/native_group_channel.h"
#include "receivers/templates/default_templates.h"

namespace tocsin::receivers {
namespace {

using TemplatesPtr = std::shared_ptr<const gotemplate::TemplateSet>;
using MakeGroupChannel = Result<std::unique_ptr<GroupChannel>> (*)(
    const config::AlertmanagerIntegration&, TemplatesPtr, const ChannelContext&);

// The types of receivers whose channel is written.
constexpr std::pair<std::string_view, MakeGroupChannel> kGroupChannels[] = {
    {"webhook", MakeGroupWebhook},
};

Result<GroupIntegrationPtr> MakeIntegration(const config::AlertmanagerReceiver& receiver,
                                            const config::AlertmanagerIntegration& settings,
                                            const TemplatesPtr& templates,
                                            const ChannelContext& context) {
  auto integration = std::make_shared<GroupIntegration>();
  integration->receiver = receiver.name;
  integration->type = settings.type;
  integration->id = fmt::format("{}[{}]", settings.type, settings.index);
  integration->send_resolved = settings.send_resolved;
  for (const auto& [type, make] : kGroupChannels) {
    if (type != settings.type) continue;
    Result<std::unique_ptr<GroupChannel>> channel = make(settings, templates, context);
    if (!channel) return Error{fmt::format("{}: {}", settings.place, channel.message())};
    integration->channel = *std::move(channel);
  }
  return GroupIntegrationPtr(std::move(integration));
}

// One message for each alert, at once, and no second one: what a rule that names its receivers
// means.
config::AlertmanagerRoute DirectRoute(const std::string& receiver) {
  config::AlertmanagerRoute route;
  route.receiver = receiver;
  route.group_by_all = true;
  route.group_wait = Duration(0);
  route.group_interval = std::chrono::seconds(1);
  route.repeat_interval = kNoRepeat;
  return route;
}

Route MakeDirectRoute(const std::string& receiver) {
  Route route;
  route.settings = DirectRoute(receiver);
  route.path = {{}};
  return route;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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

}  // namespace

std::vector<const Route*> PipelineGraph::RoutesOf(const PostedAlert& alert) const {
  if (alert.native == nullptr) return routes.Match(alert.labels);
  std::vector<const Route*> found;
  if (!native_targets.has_tree) return found;
  const ThresholdRule& rule = *alert.native->rule;
  if (native_targets.routing != config::NativeRouting::kTree) {
    for (const std::string& receiver : rule.notification_channels) {
      const auto route = direct_routes.find(receiver);
      if (route != direct_routes.end()) found.push_back(&route->second);
    }
  }
  if (GoesThroughTree(rule, native_targets.routing)) {
    const std::vector<const Route*> of_tree = routes.Match(alert.labels);
    found.insert(found.end(), of_tree.begin(), of_tree.end());
  }
  return found;
}

std::vector<std::string> PipelineGraph::ReceiversOf(const PostedAlert& alert) const {
  std::vector<std::string> names;
  const bool native = alert.native != nullptr;
  if (native && native_targets.routing != config::NativeRouting::kTree) {
    names = alert.native->rule->notification_channels;
  }
  if (!native || GoesThroughTree(*alert.native->rule, native_targets.routing)) {
    for (const Route* route : routes.Match(alert.labels)) {
      names.push_back(route->settings.receiver);
    }
  }
  return names;
}

Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context,
    NativeTargets native) {
  auto graph = std::make_shared<PipelineGraph>(std::move(settings), std::move(native));
  Result<TimeIntervals> intervals = TimeIntervals::Make(graph->settings->time_intervals);
  if (!intervals) return intervals.error();
  graph->intervals = *std::move(intervals);
  // Those of the files; who loaded none has the default ones.
  TemplatesPtr templates = graph->settings->templates;
  if (templates == nullptr) {
    templates =
        std::make_shared<const gotemplate::TemplateSet>(MakeDefaultTemplates(context.clock));
  }
  for (const config::AlertmanagerReceiver& receiver : graph->settings->receivers) {
    if (!graph->native_targets.announced.contains(receiver.name)) {
      graph->direct_routes.emplace(receiver.name, MakeDirectRoute(receiver.name));
    }
    std::vector<GroupIntegrationPtr>& integrations = graph->receivers[receiver.name];
    for (const config::AlertmanagerIntegration& one : receiver.integrations) {
      Result<GroupIntegrationPtr> integration = MakeIntegration(receiver, one, templates, context);
      if (!integration) return integration.error();
      integrations.push_back(*std::move(integration));
    }
  }
  return PipelineGraphPtr(std::move(graph));
}

Result<PipelineGraphPtr> BuildDefaultGraph(const std::vector<config::ReceiverSettings>& receivers,
                                           const std::vector<std::string>& default_receivers,
                                           const ChannelContext& context) {
  auto graph = std::make_shared<PipelineGraph>(DefaultSettings(default_receivers),
                                               NativeTargets{{}, /*has_tree=*/false, {}});
  for (const config::ReceiverSettings& receiver : receivers) {
    if (!Contains(default_receivers, receiver.name)) continue;
    for (const config::ChannelSettings& channel : receiver.channels) {
      std::vector<GroupIntegrationPtr>& integrations = graph->receivers[receiver.name];
      Result<GroupIntegrationPtr> integration =
          MakeNativeIntegration(receiver.name, integrations.size(), channel, context);
      if (!integration) return Error{receiver.source + ": " + integration.message()};
      integrations.push_back(*std::move(integration));
    }
  }
  return PipelineGraphPtr(std::move(graph));
}

}  // namespace tocsin::receivers
