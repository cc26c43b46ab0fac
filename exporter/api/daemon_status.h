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
  std::string health;  // "healthy", "failing", "unused"; "not_configured": only rules name it
  std::string last_error;
  std::optional<Timestamp> last_attempt_at = std::nullopt;
};

struct TargetStatus {
  std::string job;
  std::string url;
  std::string health;  // "up", "down", "unknown"
  std::string last_error;
  std::optional<Timestamp> last_scrape;
  Duration last_duration{0};
};

// Of the program that API_URL names, as it was asked last.
struct ProbeStatus {
  std::string error;  // why it is not well; empty: it is
  Timestamp at;
  Duration took{0};
};

struct ReloadStatus {
  bool successful = true;
  Timestamp at;                       // of the last attempt
  std::vector<std::string> problems;  // file:line:col: message
};

struct EvaluationStatus {
  Duration lag{0};  // since the state machine has begun with what it is dealing with
  std::size_t waiting = 0;
};

// Of the storage folder.
struct DiskStatus {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
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
  std::size_t websocket_connections = 0;
  std::optional<std::string> store_trouble;
  bool stalled = false;           // evaluation or delivery does not keep up
  bool delivery_stalled = false;  // it is delivery
  EvaluationStatus evaluation;
  Duration store_lag{0};           // how long the oldest write waits that is not durable
  std::optional<DiskStatus> disk;  // none: of no interest, or not to be had
  // Who follows what happens live, by a WebSocket or not, and how many may.
  std::size_t stream_clients = 0;
  std::size_t stream_limit = 0;
  std::optional<ProbeStatus> probe;  // none: there is no such program, or no answer yet
  bool host_collector_enabled = true;
  bool host_collector_healthy = true;
  std::vector<std::string> warnings;  // what the operator has allowed and should not forget
  ReloadStatus reload;
  std::vector<ReceiverStatus> receivers;
  std::vector<TargetStatus> targets;

  // The words of the alerting API: "healthy", "degraded", "unhealthy".
  std::string notifications_health() const;
  std::string database_health() const { return store_trouble ? "degraded" : "healthy"; }
  std::string collection_health() const;
  std::string alert_manager_health() const { return stalled ? "unhealthy" : "healthy"; }
  std::string probe_health() const;
  std::string evaluation_health() const;
  std::string delivery_health() const;
  std::string store_writer_health() const;
  std::string disk_health() const;
  // Unhealthy only when evaluation or delivery has stalled; degraded when any part is.
  std::string overall() const;
};

}  // namespace tocsin::api
