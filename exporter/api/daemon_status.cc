#include "exporter/api/daemon_status.h"

#include <algorithm>

namespace tocsin::api {

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

std::string DaemonStatus::overall() const {
  if (stalled) return "unhealthy";
  const bool degraded = notifications_health() != "healthy" || database_health() != "healthy" ||
                        collection_health() != "healthy" || !reload.successful;
  return degraded ? "degraded" : "healthy";
}

}  // namespace tocsin::api
