#include "exporter/daemon/alertmanager_gauges.h"

#include <array>
#include <string>
#include <utility>

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

// FNV-1a, cut to what a float holds exactly: equal numbers are equal configurations.
double HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return static_cast<double>(hash >> 16);
}

prometheus::MetricFamily GaugesByState(const char* name, const char* help,
                                       const std::vector<std::pair<std::string, double>>& values) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  for (const auto& [state, value] : values) {
    prometheus::ClientMetric metric;
    metric.label = {{"state", state}};
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

AlertmanagerConfigMetrics::AlertmanagerConfigMetrics(MetricRegistry& metrics, bool clustered)
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
  Plain(metrics, "alertmanager_cluster_enabled", "Whether clustering is configured.",
        clustered ? 1 : 0);
  if (!clustered) return;
  Plain(metrics, "alertmanager_cluster_members", "Members of the cluster: this instance.", 1);
  Plain(metrics, "alertmanager_cluster_failed_peers", "Peers that have failed.");
  Plain(metrics, "alertmanager_cluster_health_score", "0 is healthy.");
  Plain(metrics, "alertmanager_peer_position", "Position of this instance in the cluster.");
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
  return {Alerts(now), Silences(now)};
}

prometheus::MetricFamily AlertmanagerGauges::Alerts(Timestamp now) const {
  const receivers::PipelineGraphPtr graph = dispatcher_.graph();
  std::array<double, 2> counts{};  // active, suppressed
  for (const receivers::PostedAlertPtr& alert : alerts_.All()) {
    if (alert->ResolvedAt(now)) continue;
    const bool suppressed = !graph->inhibitor.MutedBy(alert->labels, now).empty() ||
                            !silences_.MutedBy(alert->labels, now).empty();
    counts.at(suppressed ? 1 : 0) += 1;
  }
  return GaugesByState("alertmanager_alerts", "Alerts by state.",
                       {{"active", counts[0]}, {"suppressed", counts[1]}, {"unprocessed", 0}});
}

prometheus::MetricFamily AlertmanagerGauges::Silences(Timestamp now) const {
  std::array<double, 3> counts{};
  for (const receivers::SilencePtr& silence : silences_.All()) {
    counts.at(static_cast<std::size_t>(silence->StateAt(now))) += 1;
  }
  std::vector<std::pair<std::string, double>> values;
  for (const receivers::SilenceState state :
       {receivers::SilenceState::kActive, receivers::SilenceState::kPending,
        receivers::SilenceState::kExpired}) {
    values.emplace_back(receivers::SilenceStateName(state),
                        counts.at(static_cast<std::size_t>(state)));
  }
  return GaugesByState("alertmanager_silences", "Silences by state.", values);
}

}  // namespace tocsin::daemon
