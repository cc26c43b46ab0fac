#include "exporter/api/daemon_status.h"

#include <algorithm>

namespace tocsin::api {
namespace {

// Rounds of the state machine and commits take milliseconds.
constexpr Duration kMuchLag = std::chrono::seconds(5);
// What is left is filled within minutes by a storm of alerts.
constexpr std::uint64_t kLittleRoom = 64ULL << 20;

const char* DegradedIf(bool degraded) { return degraded ? "degraded" : "healthy"; }

}  // namespace

std::string DaemonStatus::notifications_health() const {
  const bool failing = std::any_of(receivers.begin(), receivers.end(),
                                   [](const ReceiverStatus& r) { return r.health == "failing"; });
  return failing || outbox_dead > 0 ? "degraded" : "healthy";
}

std::string DaemonStatus::collection_health() const {
  const bool down = std::any_of(targets.begin(), targets.end(),
                                [](const TargetStatus& t) { return t.health == "down"; });
  return down || !host_collector_healthy ? "degraded" : "healthy";
}

std::string DaemonStatus::probe_health() const {
  return DegradedIf(probe && !probe->error.empty());
}

std::string DaemonStatus::evaluation_health() const {
  if (stalled && !delivery_stalled) return "unhealthy";
  return DegradedIf(evaluation.lag > kMuchLag);
}

std::string DaemonStatus::delivery_health() const {
  return delivery_stalled ? "unhealthy" : notifications_health();
}

std::string DaemonStatus::store_writer_health() const { return DegradedIf(store_lag > kMuchLag); }

std::string DaemonStatus::disk_health() const {
  return DegradedIf(disk && disk->free_bytes < kLittleRoom);
}

std::string DaemonStatus::overall() const {
  if (stalled) return "unhealthy";
  const bool degraded = notifications_health() != "healthy" || database_health() != "healthy" ||
                        collection_health() != "healthy" || evaluation_health() != "healthy" ||
                        store_writer_health() != "healthy" || disk_health() != "healthy" ||
                        probe_health() != "healthy" || !reload.successful;
  return degraded ? "degraded" : "healthy";
}

}  // namespace tocsin::api
