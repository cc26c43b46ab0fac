// PipelineGraph: everything of one alertmanager.yml that the dispatcher and the API work with.
// Built aside, swapped whole. Immutable but for the inhibitor, which synchronises itself.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/alertmanager_settings.h"
#include "config/settings.h"
#include "receivers/mute/inhibitor.h"
#include "receivers/mute/time_intervals.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/route/route_tree.h"

namespace tocsin::receivers {

// How alerts of native rules travel.
struct NativeTargets {
  config::NativeRouting routing = config::NativeRouting::kChannels;
  bool has_tree = true;  // false: the tree stands in for the default receivers, for posted alerts
  std::set<std::string> announced;  // receivers of tocsin.yml: the announcer tells them
};

struct PipelineGraph {
  explicit PipelineGraph(std::shared_ptr<const config::AlertmanagerSettings> from,
                         NativeTargets native = {})
      : settings(std::move(from)),
        native_targets(std::move(native)),
        routes(settings->route),
        inhibitor(settings->inhibit_rules) {}

  // Where an alert goes, in order: to the receivers that its rule names, and where the tree sends
  // it. Nowhere where the announcer sees to it.
  std::vector<const Route*> RoutesOf(const PostedAlert& alert) const;
  // The names of its receivers, whoever tells them.
  std::vector<std::string> ReceiversOf(const PostedAlert& alert) const;

  const std::shared_ptr<const config::AlertmanagerSettings> settings;
  const NativeTargets native_targets;
  const RouteTree routes;
  TimeIntervals intervals;
  std::map<std::string, std::vector<GroupIntegrationPtr>> receivers;  // by name
  // To each receiver alone, for the rules that name it: one message for each alert, at once.
  std::map<std::string, Route> direct_routes;
  mutable Inhibitor inhibitor;
};
using PipelineGraphPtr = std::shared_ptr<const PipelineGraph>;

// Everything of a new configuration that can fail, without touching what runs.
Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context,
    NativeTargets native = {});

// Without an alertmanager.yml: what senders post goes to the default receivers, each alert at once
// and by itself. REQUIRES: each of the defaults is among `receivers`.
Result<PipelineGraphPtr> BuildDefaultGraph(const std::vector<config::ReceiverSettings>& receivers,
                                           const std::vector<std::string>& default_receivers,
                                           const ChannelContext& context);

}  // namespace tocsin::receivers
