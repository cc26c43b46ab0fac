// What the daemon knows about itself, gathered by the composition root for one request: plain data,
// so that the pages and APIs that show it need nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"

namespace tocsin::api {

struct ReceiverStatus {
  std::string name;
  std::string health;  // "healthy", "failing", "unused"
  std::string last_error;
};

struct TargetStatus {
  std::string job;
  std::string url;
  std::string health;  // "up", "down", "unknown"
  std::string last_error;
  std::optional<Timestamp> last_scrape;
  Duration last_duration{0};
};

struct ReloadStatus {
  bool successful = true;
  Timestamp at;                       // of the last attempt
  std::vector<std::string> problems;  // file:line:col: message
};

struct DaemonStatus {
  Timestamp now;
  Timestamp started;
  std::string version;
  std::size_t rules_total = 0;
  std::size_t rules_enabled = 0;
  std::size_t series = 0;
  std::uint64_t notifications_sent_24h = 0;
  std::size_t outbox_pending = 0;
  std::size_t outbox_dead = 0;
  std::optional<std::string> store_trouble;
  bool stalled = false;  // evaluation or delivery does not keep up
  bool host_collector_healthy = true;
  ReloadStatus reload;
  std::vector<ReceiverStatus> receivers;
  std::vector<TargetStatus> targets;

  // The words of the alerting API: "healthy", "degraded", "unhealthy".
  std::string notifications_health() const;
  std::string database_health() const { return store_trouble ? "degraded" : "healthy"; }
  std::string collection_health() const;
  std::string alert_manager_health() const { return stalled ? "unhealthy" : "healthy"; }
  // Unhealthy only when evaluation or delivery has stalled; degraded when any part is.
  std::string overall() const;
};

}  // namespace tocsin::api
