// PipelineGraph: everything of one alertmanager.yml that the dispatcher and the API work with.
// Built aside, swapped whole. Immutable but for the inhibitor, which synchronises itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/alertmanager_settings.h"
#include "receivers/mute/inhibitor.h"
#include "receivers/mute/time_intervals.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/route/route_tree.h"

namespace tocsin::receivers {

struct PipelineGraph {
  explicit PipelineGraph(std::shared_ptr<const config::AlertmanagerSettings> from)
      : settings(std::move(from)), routes(settings->route), inhibitor(settings->inhibit_rules) {}

  const std::shared_ptr<const config::AlertmanagerSettings> settings;
  const RouteTree routes;
  TimeIntervals intervals;
  std::map<std::string, std::vector<GroupIntegrationPtr>> receivers;  // by name
  mutable Inhibitor inhibitor;
};
using PipelineGraphPtr = std::shared_ptr<const PipelineGraph>;

// Everything of a new configuration that can fail, without touching what runs.
Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context);

}  // namespace tocsin::receivers
