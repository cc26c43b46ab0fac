// Outbox: notifications on their way, from the commit that promises them to the answer that
// confirms them.
//
// Rows stand in slots, one slot for each integration and fingerprint. A slot has at most one
// attempt under way, so what a receiver hears about one alert never changes its order. Rows of a
// slot are attempted in the order in which they were made, with two exceptions:
//
//   - A new firing row takes the place of an older firing row that is not under way: it tells more.
//   - A resolution that fails while a newer row waits lets the newer one try at once: a receiver
//     that chokes on one message must still get the next alert. As soon as the newer one may have
//     arrived, what is older is out of date and dropped.
//
// So a slot holds one row under way, one resolution that is owed, and the newest row, however long
// the receiver is down and however often the alert flaps.
//
// A failed attempt is repeated after RetryDelay, until the deadline; what is given up stays as a
// dead letter that is tried again when the receiver's settings change and, while its alert fires,
// from time to time. Each integration has a bounded number of attempts under way; slots that are
// due wait in line, and the lines of other integrations move on.
//
// Belongs to the dispatcher's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/announcement.h"
#include "receivers/outbox/backoff.h"
#include "receivers/outbox/delivery_metrics.h"
#include "receivers/outbox/row.h"
#include "receivers/outbox/slot_table.h"
#include "receivers/receiver_set.h"

namespace tocsin::receivers {

struct OutboxOptions {
  RetryPolicy retry;
  Duration deadline{std::chrono::hours(24)};  // from the making of a row until it is given up
  Duration retry_dead{std::chrono::minutes(15)};
  // Per integration. More than a hundred, so that a hundred alerts of one batch leave at once.
  std::size_t max_in_flight = 128;
  std::string external_url;
};

class Outbox {
 public:
  enum class Dropped : std::uint8_t { kSuperseded, kReceiverRemoved };
  class Listener {
   public:
    virtual ~Listener() = default;
    // An attempt at `row` has ended, and the outbox has drawn its conclusions.
    virtual void OnAttempt(const OutboxRow& row, const Outcome& outcome, Timestamp now) = 0;
    // `row` will not be sent. Comes from within other calls: must not call the outbox.
    virtual void OnDropped(const OutboxRow& row, Dropped why) = 0;
  };
  // Hands the end of an attempt to the owning thread, which calls OnAttemptEnded. Runs on any
  // thread and, since a channel may answer at once, also within Outbox's own calls: it must only
  // queue.
  using PostAttempt = std::function<void(std::uint64_t attempt, Outcome outcome)>;

  // `random` gives numbers in [0, 1). Everything outlives the object.
  Outbox(OutboxOptions options, Listener& listener, TimerQueue& timers, const Clock& clock,
         std::function<double()> random, PostAttempt post, const Logger& log,
         MetricRegistry& metrics);

  // A row of an earlier process, at start. What became of its last attempt is unknown: a firing one
  // is unsettled until it has arrived after all, or is given up.
  void Restore(OutboxRow row, Timestamp now);
  // Rows of integrations that are gone are dropped; those of changed ones are tried anew at once,
  // refused payloads too: other settings make another message.
  void ApplyReceivers(const ReceiverSet& receivers);
  // Nothing is sent before. REQUIRES: Restore and the first ApplyReceivers are done.
  void Start();
  // No attempt begins any more; those under way go on.
  void Stop() { running_ = false; }

  // `alert_json` is SerializeAlert(*row.alert). The row gets its sequence number, is written by the
  // next Flush and sent after OnCommitted.
  void Add(OutboxRow row, std::shared_ptr<const std::string> alert_json,
           std::chrono::nanoseconds accepted);
  // Drops the firing rows of an episode that are not under way, dead ones too.
  void Withdraw(const SlotKey& slot, const std::string& episode);
  // Whether it is open if a firing row of the episode has arrived: it is under way, or may have
  // been when an earlier process ended.
  bool Unsettled(const SlotKey& slot, const std::string& episode) const;
  // Whether any row of the episode is still to be delivered.
  bool HasPending(const SlotKey& slot, const std::string& episode) const;
  // Drops everything of an episode that is not under way, without a word to the listener.
  void Forget(const SlotKey& slot, const std::string& episode);

  // Adds what has changed to `batch`; `ticket` names that batch to OnCommitted.
  void Flush(std::uint64_t ticket, WriteBatch* batch);
  void OnCommitted(std::uint64_t ticket);
  void OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now);

  std::size_t in_flight() const { return in_flight_.size(); }
  OutboxCounts counts() const { return table_.counts(); }
  std::vector<ReceiverView> ReceiverViews(const ReceiverSet& receivers) const;

 private:
  // What there is to one integration.
  struct Lane {
    IntegrationPtr integration;  // null when it is no longer configured
    std::size_t in_flight = 0;
    std::deque<SlotKey> line;  // slots with something to send; some may have no more by their turn
    bool failing = false;
    std::string last_error;
    std::optional<Timestamp> last_attempt_at;
  };

  struct UnderWay {
    RowId row;
    IntegrationPtr integration;  // as it was when the attempt began
  };

  void ApplyReceiver(const std::string& id, Lane& lane, IntegrationPtr next);
  void DropAll(const std::string& id);
  void TryAnew(const std::string& id, bool refused_too);
  void Drop(const std::vector<OutboxRow>& rows, Dropped why);

  // The row, and what waits for a timer before it, may be attempted now.
  void MakeReady(const RowId& id);
  void JoinLine(const SlotKey& key);
  void Advance(const std::string& integration);
  void Attempt(Lane& lane, SlotTable::Slot& slot, OutboxEntry& entry);
  static OutboxEntry* NextReady(SlotTable::Slot& slot);
  Notification MakeNotification(const Integration& integration, const OutboxRow& row) const;

  void Conclude(const UnderWay& attempt, OutboxEntry& entry, Outcome* outcome, Timestamp now);
  void Retry(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Duration delay,
             Timestamp now);
  void Bury(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Timestamp now);
  void ArmDeadRetry(const RowId& id, OutboxEntry& entry, Timestamp now);
  void NoteHealth(Lane& lane, const std::string& id, const Outcome& outcome, Timestamp now);

  const OutboxOptions options_;
  Listener& listener_;
  TimerQueue& timers_;
  const Clock& clock_;
  const std::function<double()> random_;
  const PostAttempt post_;
  const Logger log_;
  DeliveryMetrics metrics_;

  bool running_ = false;
  SlotTable table_;
  std::map<std::string, Lane> lanes_;  // by integration id
  std::unordered_map<std::uint64_t, UnderWay> in_flight_;
  std::unordered_map<std::uint64_t, std::vector<RowId>> uncommitted_;  // by ticket
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_attempt_ = 0;
};

}  // namespace tocsin::receivers
