// Outbox: messages on their way, from the commit that promises them to the answer that confirms
// them.
//
// Rows stand in slots, one slot for each integration and thread (a group, or all episodes of one
// alert of a rule). A slot has at most one attempt under way, so what a receiver hears about one
// thing never changes its order. Rows of a slot are attempted in the order in which they were made,
// with three exceptions:
//
//   - A new row takes the place of an older one under the same key that is not under way.
//   - A new firing row takes the place of any older firing row that is not under way: it tells
//   more.
//   - A resolution that fails while a newer row waits lets the newer one try at once: a receiver
//     that chokes on one message must still get the next alert. As soon as the newer one may have
//     arrived, what is older is out of date and dropped.
//
// So a slot holds one row under way, one resolution that is owed, and the newest row, however long
// the receiver is down and however often the alert flaps.
//
// A failed attempt is repeated after RetryDelay, until the deadline; what is given up stays as a
// dead letter that is tried again when the receiver's settings change and, while its alerts fire,
// from time to time.
//
// Each integration is a lane of its own: slots that are due wait in line, and the lines of others
// move on. What holds a lane up are the receiver's own limits (config/delivery_limits.h) and the
// number of all attempts under way, beyond which a lane has a few only: so what is held for
// receivers that hang stays bounded, and those that do not hang get theirs. Where templates make
// the addresses of a receiver, each of them is an endpoint with a line of its own, and one that
// does not answer (circuit.h) holds up its own line only. Where messages wait for a rate, those of
// an endpoint may be told in one (digest.h).
//
// Belongs to the dispatcher's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/outbox/announcement.h"
#include "receivers/outbox/backoff.h"
#include "receivers/outbox/circuit.h"
#include "receivers/outbox/dead_letters.h"
#include "receivers/outbox/delivery_metrics.h"
#include "receivers/outbox/pace.h"
#include "receivers/outbox/row.h"
#include "receivers/outbox/slot_table.h"
#include "receivers/pipeline/sender.h"

namespace tocsin::receivers {

// New rows beyond that are not written in one batch: as text they take as much memory again.
inline constexpr std::size_t kMaxRowsInBatch = 1'000;

struct OutboxOptions {
  RetryPolicy retry;
  Duration deadline{std::chrono::hours(24)};  // from the making of a row until it is given up
  Duration retry_dead{std::chrono::minutes(15)};
  // Attempts of all integrations together; beyond that each may have `least_in_flight`.
  std::size_t max_in_flight = 256;
  std::size_t least_in_flight = 4;
  std::size_t max_endpoints = 64;  // of an integration; further ones share
};

class Outbox final : public Sender {
 public:
  // `random` gives numbers in [0, 1). Everything outlives the object.
  Outbox(const OutboxOptions& options, Listener& listener, TimerQueue& timers, const Clock& clock,
         std::function<double()> random, PostAttempt post, const Logger& log,
         MetricRegistry& metrics);

  // What an earlier process left; rows that cannot be read are named and left as they are. What
  // became of their last attempts is unknown: `in_doubt` is told of each that may have arrived.
  Status Restore(const StateStore& store, const std::function<void(const Message&)>& in_doubt,
                 Timestamp now);
  // Nothing is sent before. REQUIRES: Restore and the first Apply are done.
  void Start();

  Held Find(const MessageKey& key) override;
  std::vector<Message> Waiting() const override;
  // The row gets its sequence number, is written by the next Flush and sent after OnCommitted.
  void Send(Message message, const GroupIntegrationPtr& integration, Timestamp tick) override;
  void Withdraw(const MessageKey& key) override;
  void OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) override;
  // Rows of integrations that are gone are dropped; those of changed ones are tried anew at once,
  // refused payloads too: other settings make another message.
  void Apply(const PipelineGraph& graph) override;
  // Those under way go on.
  void Stop() override { running_ = false; }

  // Adds what has changed to `batch`; `ticket` names that batch to OnCommitted.
  // Where that is very much, FlushPart adds some of the new messages, and nothing else may go with
  // them; false: Flush takes all there is.
  bool FlushPart(std::uint64_t ticket, WriteBatch* batch);
  void Flush(std::uint64_t ticket, WriteBatch* batch);
  void OnCommitted(std::uint64_t ticket);

  // ---- dead letters

  std::vector<OutboxRow> DeadLetterRows() const { return letters_.All(); }
  enum class Resent : std::uint8_t { kTried, kUnknown, kReceiverGone };
  // Tries one again at once.
  Resent Resend(std::uint64_t sequence);
  // Forgets the old ones. An end that nobody wanted to hear for a day is not told any more.
  void Prune(Timestamp now);

  std::size_t in_flight() const { return in_flight_.size(); }
  OutboxCounts counts() const { return {table_.pending(), letters_.size()}; }
  std::vector<ReceiverView> ReceiverViews() const;

 private:
  struct Endpoint {
    Circuit circuit;
    std::size_t in_flight = 0;
    std::deque<SlotKey> line;  // slots with something to send; some may have no more by their turn

    // When its line may move on, as far as that is its own business.
    Timestamp not_before() const;
  };

  struct Lane {
    GroupIntegrationPtr integration;  // null: no longer configured
    Pace pace;
    TimerQueue::Id timer = 0;  // until one of its lines may move on
    std::size_t in_flight = 0;
    // By a hash of their addresses, which are secrets; 0: that of an integration that has but one.
    std::map<std::uint64_t, Endpoint> endpoints;
    std::uint64_t turn = 0;  // the endpoint whose line has moved on last
    bool failing = false;
    std::string last_error;
    std::optional<Timestamp> last_attempt_at;
    std::string template_failures;  // that have been warned of last

    bool waits() const;
  };

  // Whose line may move on, or when the next one may; the end of time: once an attempt has ended.
  struct Turn {
    std::uint64_t endpoint = 0;
    std::optional<Timestamp> not_before;
  };

  struct UnderWay {
    std::vector<RowId> rows;          // of a digest more than one, all of one lane
    GroupIntegrationPtr integration;  // as it was when the attempt began
    std::uint64_t endpoint = 0;
    Timestamp began;
  };

  void ApplyReceiver(const std::string& id, Lane& lane, GroupIntegrationPtr next);
  void ForgetEndpoints(const std::string& id, Lane& lane, const GroupIntegrationPtr& before);
  void DropAll(const std::string& id);
  void TryAnew(const std::string& id, bool refused_too);
  // Dead ones stay as letters.
  void Drop(const SlotKey& slot, const SlotTable::Predicate& which, Dropped why);

  // The row, and what waits for a timer before it, may be attempted now.
  void MakeReady(const RowId& id);
  void JoinLine(const SlotKey& key);
  std::uint64_t EndpointOf(Lane& lane, OutboxEntry& entry);
  // Those that nothing waits for: all of them, or those alone that nobody has tried for long.
  void DropIdleEndpoints(Lane& lane, bool all, Timestamp now);
  void Advance(const std::string& id);
  Turn NextTurn(const Lane& lane, Timestamp now) const;
  void AdvanceAt(const std::string& id, Lane& lane, Timestamp when);
  // Of the endpoint lane.turn.
  std::vector<RowId> TakeTurn(Lane& lane, Timestamp now);
  void Attempt(Lane& lane, std::vector<RowId> rows);
  // Of lanes that wait for others to end.
  void AdvanceStarved();
  // Whatever waits for its retry, of one endpoint or of all.
  void WakeAll(const std::string& id, std::optional<std::uint64_t> endpoint);
  static OutboxEntry* NextReady(SlotTable::Slot& slot);

  // What the outcome of an attempt means for one of its rows.
  void Adjust(const UnderWay& attempt, const OutboxEntry& entry, Outcome* outcome,
              Timestamp now) const;
  bool IsOutdated(const UnderWay& attempt) const;
  void Conclude(const UnderWay& attempt, const RowId& id, const Outcome& outcome, Timestamp now);
  void Retry(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Duration delay,
             Timestamp now);
  void Bury(const RowId& id, OutboxEntry& entry, const Outcome& outcome, Timestamp now);
  void ArmDeadRetry(const RowId& id, OutboxEntry& entry, Timestamp now);
  void NoteHealth(Lane& lane, const std::string& id, const Outcome& outcome, Timestamp now);
  void NoteTemplates(Lane& lane, const std::string& id, const Outcome& outcome);
  void NoteCircuit(const UnderWay& attempt, Lane& lane, const Outcome& outcome, Timestamp now);

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
  DeadLetters letters_;
  std::vector<std::string> receivers_;  // their names, in order of the configuration
  std::map<std::string, Lane> lanes_;   // by GroupIntegration::lane()
  std::unordered_map<std::uint64_t, UnderWay> in_flight_;
  std::vector<Event> events_;                                          // since the last Flush
  std::unordered_map<std::uint64_t, std::vector<RowId>> uncommitted_;  // by ticket
  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_attempt_ = 0;
};

}  // namespace tocsin::receivers
