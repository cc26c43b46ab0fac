#include "exporter/daemon/alertmanager_gauges.h"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "base/group_key.h"
#include "config/alertmanager_print.h"
#include "exporter/daemon/version.h"

namespace tocsin::daemon {
namespace {

prometheus::Gauge& Plain(MetricRegistry& metrics, const char* name, const char* help,
                         double value = 0) {
  prometheus::Gauge& gauge = GaugeFamily(metrics, name, help).Add({});
  gauge.Set(value);
  return gauge;
}

void AddCounters(MetricRegistry& metrics, const char* name, const char* help,
                 const std::vector<prometheus::Labels>& series, double value = 0) {
  auto& family = CounterFamily(metrics, name, help);
  for (const prometheus::Labels& labels : series) family.Add(labels).Increment(value);
}

// What cannot happen here and is therefore true at zero; dashboards query it.
void AddZeroes(MetricRegistry& metrics) {
  AddCounters(metrics, "alertmanager_dispatcher_aggregation_group_limit_reached_total",
              "Groups that were not made because there were too many: there is no limit.", {{}});
  AddCounters(metrics, "alertmanager_dispatcher_aggregation_group_creation_retries_total",
              "Groups that were not made at the first attempt.", {{}});
  AddCounters(metrics, "alertmanager_dispatcher_aggregation_group_creation_given_up_total",
              "Groups that could not be made.", {{}});
}

// A cluster of one: it has joined itself, and nobody else speaks.
void AddLonelyCluster(MetricRegistry& metrics) {
  const std::vector<prometheus::Labels> by_type = {{{"msg_type", "full_state"}},
                                                   {{"msg_type", "update"}}};
  for (const char* name : {"alertmanager_cluster_messages_received_total",
                           "alertmanager_cluster_messages_received_size_total",
                           "alertmanager_cluster_messages_sent_total",
                           "alertmanager_cluster_messages_sent_size_total"}) {
    AddCounters(metrics, name, "Gossip with peers: there is none.", by_type);
  }
  AddCounters(metrics, "alertmanager_cluster_messages_pruned_total",
              "Gossip with peers that was dropped.", {{}});
  AddCounters(metrics, "alertmanager_cluster_peers_joined_total",
              "Peers that have joined: this instance.", {{}}, 1);
  AddCounters(metrics, "alertmanager_cluster_peers_left_total", "Peers that have left.", {{}});
  AddCounters(metrics, "alertmanager_cluster_peers_update_total", "Peers that have changed.", {{}});
  Plain(metrics, "alertmanager_cluster_messages_queued", "Gossip with peers that waits.");
}

// FNV-1a, cut to what a float holds exactly: equal numbers are equal configurations.
double HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return static_cast<double>(hash >> 16);
}

prometheus::MetricFamily EmptyGauge(const char* name, const char* help) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  return family;
}

void AddGauge(std::vector<prometheus::ClientMetric::Label> labels, double value,
              prometheus::MetricFamily* family) {
  prometheus::ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  metric.gauge.value = value;
}

struct AlertCounts {
  double active = 0;
  double suppressed = 0;

  void Add(bool is_suppressed) { (is_suppressed ? suppressed : active) += 1; }
};

// `more` are labels beside the state.
void AddAlertCounts(const AlertCounts& counts,
                    const std::vector<prometheus::ClientMetric::Label>& more,
                    prometheus::MetricFamily* family) {
  const std::pair<const char*, double> states[] = {
      {"active", counts.active}, {"suppressed", counts.suppressed}, {"unprocessed", 0}};
  for (const auto& [state, count] : states) {
    std::vector<prometheus::ClientMetric::Label> labels = more;
    labels.push_back({"state", state});
    AddGauge(std::move(labels), count, family);
  }
}

}  // namespace

AlertmanagerConfigMetrics::AlertmanagerConfigMetrics(MetricRegistry& metrics,
                                                     const std::string& reported_version,
                                                     bool clustered)
    : successful_(Plain(metrics, "alertmanager_config_last_reload_successful",
                        "Whether the last attempt to load the configuration succeeded.")),
      success_time_(Plain(metrics, "alertmanager_config_last_reload_success_timestamp_seconds",
                          "When the configuration that is in force was loaded.")),
      hash_(Plain(metrics, "alertmanager_config_hash", "A hash of the configuration in force.")),
      receivers_(Plain(metrics, "alertmanager_receivers", "Receivers that are configured.")),
      integrations_(Plain(metrics, "alertmanager_integrations", "Integrations of all receivers.")),
      inhibition_rules_(
          Plain(metrics, "alertmanager_inhibition_rules", "Inhibition rules in force.")) {
  GaugeFamily(metrics, "tocsin_build_info", "Always 1; which Tocsin this is, by its labels.")
      .Add({{"version", std::string(Version())}, {"compiler", std::string(Compiler())}})
      .Set(1);
  GaugeFamily(metrics, "alertmanager_build_info",
              "Always 1; the version that is reported, and in revision whose it really is.")
      .Add({{"version", reported_version},
            {"revision", "tocsin-" + std::string(Version())},
            {"branch", ""},
            {"goversion", ""}})
      .Set(1);
  AddZeroes(metrics);
  Plain(metrics, "alertmanager_cluster_enabled", "Whether clustering is configured.",
        clustered ? 1 : 0);
  if (!clustered) return;
  Plain(metrics, "alertmanager_cluster_members", "Members of the cluster: this instance.", 1);
  Plain(metrics, "alertmanager_cluster_failed_peers", "Peers that have failed.");
  Plain(metrics, "alertmanager_cluster_health_score", "0 is healthy.");
  Plain(metrics, "alertmanager_peer_position", "Position of this instance in the cluster.");
  AddLonelyCluster(metrics);
}

void AlertmanagerConfigMetrics::Show(const receivers::PipelineGraph& graph, Timestamp now) {
  std::size_t integrations = 0;
  for (const auto& [name, of_receiver] : graph.receivers) integrations += of_receiver.size();
  successful_.Set(1);
  success_time_.Set(ToUnixSeconds(now));
  hash_.Set(HashOf(config::PrintAlertmanagerConfig(*graph.settings)));
  receivers_.Set(static_cast<double>(graph.receivers.size()));
  integrations_.Set(static_cast<double>(integrations));
  inhibition_rules_.Set(static_cast<double>(graph.inhibitor.rules()));
}

std::vector<prometheus::MetricFamily> AlertmanagerGauges::Collect() const {
  const Timestamp now = clock_.Now();
  std::vector<prometheus::MetricFamily> families = Silences(now);
  families.push_back(Alerts(now));
  return families;
}

// Groups are made of alerts by the routes, so they are counted without asking the dispatcher's
// thread. Groups of different routes may have equal keys, and are one series then.
prometheus::MetricFamily AlertmanagerGauges::Alerts(Timestamp now) const {
  const receivers::PipelineGraphPtr graph = dispatcher_.graph();
  AlertCounts all;
  std::map<std::string, AlertCounts> by_group;
  for (const receivers::PostedAlertPtr& alert : alerts_.All()) {
    if (alert->ResolvedAt(now)) continue;
    const bool suppressed = !graph->inhibitor.MutedBy(alert->labels, now).empty() ||
                            !silences_.MutedBy(alert->labels, now).empty();
    all.Add(suppressed);
    if (!with_group_keys_) continue;
    for (const receivers::Route* route : graph->RoutesOf(*alert)) {
      by_group[GroupKey(route->path, route->GroupLabels(alert->labels))].Add(suppressed);
    }
  }
  prometheus::MetricFamily family = EmptyGauge("alertmanager_alerts", "Alerts by state.");
  if (!with_group_keys_) AddAlertCounts(all, {}, &family);
  for (const auto& [key, counts] : by_group) {
    AddAlertCounts(counts, {{"group_key", key}}, &family);
  }
  return family;
}

std::vector<prometheus::MetricFamily> AlertmanagerGauges::Silences(Timestamp now) const {
  std::array<double, 3> counts{};
  const std::vector<receivers::SilencePtr> all = silences_.All();
  for (const receivers::SilencePtr& silence : all) {
    counts.at(static_cast<std::size_t>(silence->StateAt(now))) += 1;
  }
  prometheus::MetricFamily states = EmptyGauge("alertmanager_silences", "Silences by state.");
  for (const receivers::SilenceState state :
       {receivers::SilenceState::kActive, receivers::SilenceState::kPending,
        receivers::SilenceState::kExpired}) {
    AddGauge({{"state", std::string(receivers::SilenceStateName(state))}},
             counts.at(static_cast<std::size_t>(state)), &states);
  }
  prometheus::MetricFamily size = EmptyGauge("alertmanager_silences_state_size",
                                             "Silences that are kept, whatever their state.");
  AddGauge({}, static_cast<double>(all.size()), &size);
  return {std::move(states), std::move(size)};
}

}  // namespace tocsin::daemon
