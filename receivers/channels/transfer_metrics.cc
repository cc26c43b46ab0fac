#include "receivers/channels/transfer_metrics.h"

#include <string>

namespace tocsin::receivers {
namespace {

// From a look-up in a cache to the longest that an attempt may take.
prometheus::Histogram::BucketBoundaries PhaseBuckets() {
  return {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30};
}

}  // namespace

TransferMetrics::TransferMetrics(Protocol protocol, MetricRegistry& registry) {
  const std::string name = protocol == Protocol::kHttp ? "http" : "smtp";
  auto& took = HistogramFamily(registry, "tocsin_receiver_transfer_phase_seconds",
                               "How long the steps of a transfer to a receiver took.");
  auto& failed = CounterFamily(registry, "tocsin_receiver_transfer_failures_total",
                               "Transfers to a receiver without an answer, by their last step.");
  auto& connections = CounterFamily(registry, "tocsin_receiver_connections_total",
                                    "Connections that carried a transfer to a receiver.");
  for (const TransferPhase phase : kAllTransferPhases) {
    const auto index = static_cast<std::size_t>(phase);
    const std::map<std::string, std::string> labels = {{"protocol", name},
                                                       {"phase", TransferPhaseName(phase)}};
    took_.at(index) = &took.Add(labels, PhaseBuckets());
    failed_.at(index) = &failed.Add(labels);
  }
  opened_ = &connections.Add({{"protocol", name}, {"reused", "false"}});
  reused_ = &connections.Add({{"protocol", name}, {"reused", "true"}});
}

void TransferMetrics::Observe(const TransferPhases& phases, bool answered) const {
  if (!phases.began) return;
  for (const TransferPhase phase : kAllTransferPhases) {
    const auto took = phases[phase];
    if (took.count() == 0) continue;
    took_.at(static_cast<std::size_t>(phase))->Observe(std::chrono::duration<double>(took).count());
  }
  if (!answered) failed_.at(static_cast<std::size_t>(phases.last))->Increment();
  if (phases.last == TransferPhase::kExchange) (phases.reused ? reused_ : opened_)->Increment();
}

}  // namespace tocsin::receivers
