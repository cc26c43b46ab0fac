// DeliveryBook: which episodes were announced, how that went, and how long the next one of the same
// alert has to wait (cooldown). Durable; shown to others on the board.
//
// An episode counts as announced from the moment its first message is made. If that is withdrawn
// before it was durable, nothing has left and nothing was announced. Belongs to the dispatcher's
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "base/log.h"
#include "base/result.h"
#include "base/state_store.h"
#include "receivers/channels/channel.h"
#include "receivers/mute/cooldown.h"
#include "receivers/outbox/attempt_journal.h"
#include "receivers/outbox/board.h"
#include "receivers/outbox/delivery_record.h"
#include "receivers/pipeline/sender.h"

namespace tocsin::receivers {

struct DeliveryBookOptions {
  Duration keep_closed{std::chrono::hours(24)};  // after the end of the alert
  std::size_t max_closed = 10'000;
  std::size_t attempts_shown = 10;  // of one receiver
  std::size_t journal_entries = 2'000;
};

class DeliveryBook {
 public:
  // The board outlives the object.
  DeliveryBook(const DeliveryBookOptions& options, Board& board, const Logger& log);

  // Before all else; rows that cannot be read are named and left as they are.
  Status Restore(const StateStore& store);

  // When an episode that was not announced yet may be; none: now.
  std::optional<Timestamp> HeldUntil(const Alert& alert, Timestamp now) const;

  // A message of an earlier process that may have arrived.
  void OnRestored(const Message& message, Timestamp now);
  void OnMade(const Message& message, Timestamp now);
  void OnAttempt(const Message& message, const Outcome& outcome, Timestamp now);
  void OnDropped(const Message& message, Sender::Dropped why);
  // The alert is over: its record is kept for a while.
  void Close(const std::string& id, Timestamp now);
  // Attempts at messages of a group with posted alerts, as far as there is room for them.
  std::vector<DeliveryAttempt> AttemptsSince(const std::string& log_key, Timestamp since) const {
    return journal_.Since(log_key, since);
  }
  // Those of alerts that fire, as far as it knows.
  std::vector<std::string> Open() const;
  void Prune(Timestamp now);

  // Adds what has changed to `batch`, which `ticket` names to OnCommitted.
  void Flush(std::uint64_t ticket, WriteBatch* batch);
  void OnCommitted(std::uint64_t ticket, Timestamp now);

 private:
  DeliveryRecord& Of(const Alert& alert);
  void Announce(const Alert& alert, Timestamp now, DeliveryRecord* record);
  // Of an episode whose every message was withdrawn before any was durable.
  void Unannounce(const DeliveryRecord& record);
  void Remove(const std::string& id);

  const DeliveryBookOptions options_;
  Board& board_;
  const Logger log_;
  CooldownClocks cooldowns_;
  AttemptJournal journal_;
  std::unordered_map<std::string, DeliveryRecord> records_;  // by id
  std::set<std::pair<Timestamp, std::string>> closed_;       // the oldest first
  std::set<std::string> changed_;                            // since the last Flush
  std::map<std::string, Duration> announced_;                // since then; with their cooldowns
  std::unordered_map<std::uint64_t, std::map<std::string, Duration>> commits_;  // by ticket
};

}  // namespace tocsin::receivers
