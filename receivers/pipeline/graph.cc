#include "receivers/pipeline/graph.h"

#include <fmt/format.h>

#include <utility>

#include "receivers/channels/group_webhook.h"
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

}  // namespace

Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context) {
  auto graph = std::make_shared<PipelineGraph>(std::move(settings));
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
    std::vector<GroupIntegrationPtr>& integrations = graph->receivers[receiver.name];
    for (const config::AlertmanagerIntegration& one : receiver.integrations) {
      Result<GroupIntegrationPtr> integration = MakeIntegration(receiver, one, templates, context);
      if (!integration) return integration.error();
      integrations.push_back(*std::move(integration));
    }
  }
  return PipelineGraphPtr(std::move(graph));
}

}  // namespace tocsin::receivers
