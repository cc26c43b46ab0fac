// PipelineGraph: everything of one configuration that the dispatcher and the API work with. Built
// aside, swapped whole. Immutable but for the inhibitor, which synchronises itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/egress_policy.h"
#include "base/result.h"
#include "config/alertmanager_settings.h"
#include "config/settings.h"
#include "receivers/mute/inhibitor.h"
#include "receivers/mute/time_intervals.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/route/route_tree.h"

namespace tocsin::receivers {

// What tocsin.yml says of the ways of alerts: how those of native rules travel, and the receivers
// of tocsin.yml that they may go to.
struct NativeTargets {
  config::NativeRouting routing = config::NativeRouting::kChannels;
  bool has_tree = true;  // false: the tree stands in for the default receivers, for posted alerts
  std::vector<config::ReceiverSettings> receivers;
  std::vector<std::string> default_receivers;  // of rules that name none, where there is no tree
  config::NativeGrouping grouping = {};        // of alerts that go to receivers by name
  // Where messages of either file may go; null: anywhere.
  std::shared_ptr<const EgressPolicy> egress = nullptr;
  // Where messages of receivers made over the API may go; never null.
  std::shared_ptr<const EgressPolicy> api_egress = std::make_shared<const EgressPolicy>();
  // Of receivers of alertmanager.yml, by their names.
  std::map<std::string, config::DeliveryLimits> limits = {};
  // Whoever was told that an alert fires is told of its end also where that is muted.
  bool send_resolved_when_muted = true;
};

using IntegrationsByName = std::map<std::string, std::vector<GroupIntegrationPtr>>;

struct PipelineGraph {
  explicit PipelineGraph(std::shared_ptr<const config::AlertmanagerSettings> from,
                         NativeTargets native = {})
      : settings(std::move(from)),
        native_targets(std::move(native)),
        routes(settings->route),
        inhibitor(settings->inhibit_rules) {}

  // Where an alert goes, in order: to the receivers that its rule names, each once, and where the
  // tree sends it. Nowhere where its rule names receivers that do not exist.
  std::vector<const Route*> RoutesOf(const PostedAlert& alert) const;
  // The names of their receivers.
  std::vector<std::string> ReceiversOf(const PostedAlert& alert) const;
  // The intervals that mute an alert, in the order of its routes: each of them is muted by one that
  // holds, or by being outside of its active ones. None where it has a route by which it is told.
  std::vector<std::string> IntervalsThatMute(const PostedAlert& alert, Timestamp t) const;
  // The integrations of a route's receiver.
  const std::vector<GroupIntegrationPtr>& IntegrationsOf(const Route& route) const;

  // All of them, each once; and the names of all receivers, those of tocsin.yml first.
  std::vector<GroupIntegrationPtr> Integrations() const;
  std::vector<std::string> ReceiverNames() const;

  const std::shared_ptr<const config::AlertmanagerSettings> settings;
  const NativeTargets native_targets;
  const RouteTree routes;
  TimeIntervals intervals;
  IntegrationsByName receivers;  // of the tree
  // Those that rules may name; where both files have one of that name, that of tocsin.yml.
  IntegrationsByName named_receivers;
  // To each receiver alone, for the rules that name it.
  std::map<std::string, Route> direct_routes;
  mutable Inhibitor inhibitor;
};
using PipelineGraphPtr = std::shared_ptr<const PipelineGraph>;

// To a receiver that rules name. What `grouping` leaves open: one message for each alert, at once,
// and no second one.
Route MakeDirectRoute(const std::string& receiver, const config::NativeGrouping& grouping = {});

// Everything of a new configuration that can fail, without touching what runs.
Result<PipelineGraphPtr> BuildPipelineGraph(
    std::shared_ptr<const config::AlertmanagerSettings> settings, const ChannelContext& context,
    NativeTargets native = {});

// The channels of one receiver made anew: those of tocsin.yml, then those of alertmanager.yml.
// Fails where neither has a receiver of that name.
Result<std::vector<GroupIntegrationPtr>> MakeIntegrationsOf(const PipelineGraph& graph,
                                                            const std::string& receiver,
                                                            const ChannelContext& context);

// Without an alertmanager.yml: what senders post goes to the default receivers, each alert at once
// and by itself. REQUIRES: each of the defaults is among the receivers.
Result<PipelineGraphPtr> BuildDefaultGraph(NativeTargets native, const ChannelContext& context);

}  // namespace tocsin::receivers
