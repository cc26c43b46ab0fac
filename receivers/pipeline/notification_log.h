// NotificationLog: what each integration was last told about each group. Deciding whether a group
// is worth a message is a comparison with it.
//
// Durable: what has changed goes to the state store with the dispatcher's next batch. Belongs to
// the dispatcher's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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
  // Knows of them, or may (an attempt whose answer never came, an acknowledgement that has begun),
  // and is to be told again as soon as they may be spoken of. Their end is told.
  AlertHashes due_again;
  std::uint64_t flush_number = 0;  // of the newest message
  Timestamp at;                    // of the writing, a little after the tick
  Timestamp expires_at;
  std::map<std::string, std::string> data;  // what the integration remembers of its messages
};

std::string SerializeLogEntry(const LogEntry& entry);
Result<LogEntry> ParseLogEntry(std::string_view json);

// Why a notification is sent, in Alertmanager's words where it has any; kNone: it is not.
enum class NotificationReason : std::uint8_t {
  kNone,
  kFirstNotification,
  kNewAlertsAdded,
  kAllAlertsResolved,
  kSomeAlertsResolved,
  kRepeatIntervalElapsed,
  kAcknowledged,  // to those who hear of that
};
std::string_view NotificationReasonText(NotificationReason reason);
std::optional<NotificationReason> ParseNotificationReason(std::string_view text);

// A repeat interval that never elapses. What is said of firing alerts is then remembered as long.
inline constexpr Duration kNoRepeat = std::chrono::hours(24 * 365 * 100);

struct DedupQuestion {
  const AlertHashes& firing;
  const AlertHashes& known;  // told before, still firing and not to be spoken of now
  const AlertHashes&
      due_again;  // of the entry's, those that still fire and are not to be spoken of
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
  // `metrics` may be null; it outlives the object.
  explicit NotificationLog(StateMetrics* metrics = nullptr) : metrics_(metrics) {}

  // Before anything else. Fails on a row that cannot be read.
  Status Restore(const StateStore& store, Timestamp now);

  // The key of an entry: a group and one integration of a receiver, "slack[1]".
  static std::string Key(std::string_view group_key, std::string_view receiver,
                         std::string_view integration);

  // Null where there is none or it has expired.
  const LogEntry* Find(const std::string& key, Timestamp now) const;
  void Put(const std::string& key, LogEntry entry);
  void Forget(const std::string& key);
  void ForgetEndingIn(std::string_view suffix);  // of their keys
  void ForgetExpired(Timestamp now);

  // Adds what has changed since the last call.
  void Flush(WriteBatch* batch);

  std::size_t size() const { return entries_.size(); }

 private:
  StateMetrics* const metrics_;
  std::unordered_map<std::string, LogEntry> entries_;
  std::vector<std::string> changed_;  // keys; some may stand twice
};

}  // namespace tocsin::receivers
