// NotificationLog: what each integration was last told about each group. Deciding whether a group
// is worth a message is a comparison with it.
//
// Durable: an entry is handed to the state store the moment it is made. Belongs to the dispatcher's
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/state_store.h"
#include "base/time.h"
#include "receivers/state_metrics.h"

namespace tocsin::receivers {

// Sorted hashes of alerts (PostedAlert::hash).
using AlertHashes = std::vector<std::uint64_t>;

struct LogEntry {
  AlertHashes firing;    // last sent as firing
  AlertHashes resolved;  // last sent as resolved
  Timestamp at;          // of the writing, a little after the tick
  Timestamp expires_at;
  std::map<std::string, std::string> data;  // what the integration remembers of its messages
};

std::string SerializeLogEntry(const LogEntry& entry);
Result<LogEntry> ParseLogEntry(std::string_view json);

// Why a notification is sent, in Alertmanager's words; kNone: it is not.
enum class NotificationReason : std::uint8_t {
  kNone,
  kFirstNotification,
  kNewAlertsAdded,
  kAllAlertsResolved,
  kSomeAlertsResolved,
  kRepeatIntervalElapsed,
};
std::string_view NotificationReasonText(NotificationReason reason);

// A repeat interval that never elapses. What is said of firing alerts is then remembered as long.
inline constexpr Duration kNoRepeat = std::chrono::hours(24 * 365 * 100);

struct DedupQuestion {
  const AlertHashes& firing;
  const AlertHashes& known;  // told before, still firing and not to be spoken of now
  const AlertHashes& resolved;
  bool send_resolved = true;
  Duration repeat_interval{0};
  Timestamp tick;
};
// `entry` is null where there is none. The first line of the table that applies; the order matters.
// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go (DedupStage)
NotificationReason WhyNotify(const LogEntry* entry, const DedupQuestion& question);

class NotificationLog {
 public:
  // Both outlive the object; `metrics` may be null.
  explicit NotificationLog(StateStore& store, StateMetrics* metrics = nullptr)
      : store_(store), metrics_(metrics) {}

  // Before anything else. Fails on a row that cannot be read.
  Status Restore(Timestamp now);

  // The key of an entry: a group and one integration of a receiver, "slack[1]".
  static std::string Key(std::string_view group_key, std::string_view receiver,
                         std::string_view integration);

  // Null where there is none or it has expired.
  const LogEntry* Find(const std::string& key, Timestamp now) const;
  void Put(const std::string& key, LogEntry entry);
  void ForgetExpired(Timestamp now);

  std::size_t size() const { return entries_.size(); }

 private:
  StateStore& store_;
  StateMetrics* const metrics_;
  std::unordered_map<std::string, LogEntry> entries_;
};

}  // namespace tocsin::receivers
