// Announcer: decides what is announced to whom, once.
//
// The rule engine offers every change of an alert, and after a restart everything that fires again.
// Consider() has the stages in their order: acknowledgement, silences and inhibition (the muter),
// cooldown, receivers, outbox. What is muted is asked about again every second. What was
// decided, the rows of the outbox and the cooldown clock go to the state store in one batch; rows
// are delivered only when that batch is durable. Hence, whenever the process is killed:
//
//   - before the commit: nothing was sent, the engine offers the alert again, it is announced anew;
//   - after it: the row is sent, perhaps once more, with the same key.
//
// A resolution is sent to those whom a firing notification of the same episode has reached or may
// have reached. Where that is open (an attempt is under way, or was when an earlier process ended)
// the decision waits until it is known.
//
// A store that cannot write does not silence anybody: the announcement goes out all the same, which
// is counted.
//
// Single-threaded, driven by whoever owns it (receivers/dispatcher.h, or a test): events in, `now`
// with them, then RunDue and Flush. What comes back later (commits, ends of attempts) is posted to
// the owner, never called back directly.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/board.h"
#include "receivers/episode.h"
#include "receivers/mute/cooldown.h"
#include "receivers/outbox/outbox.h"
#include "receivers/receiver_set.h"

namespace tocsin::receivers {

struct AnnouncerOptions {
  OutboxOptions outbox;
  Duration keep_closed{std::chrono::hours(24)};  // how an episode was delivered, after its end
  std::size_t max_closed = 10'000;
};

// Whether something else mutes an alert with these labels now: a silence, another alert. Called on
// the owner's thread; may be empty.
using Muter = std::function<bool(LabelsView labels, Timestamp now)>;

// How news comes to the owner's thread. Called on any thread, also within the announcer's own
// calls.
struct AnnouncerPosts {
  Outbox::PostAttempt attempt_ended;                                  // -> OnAttemptEnded
  std::function<void(std::uint64_t ticket, bool durable)> committed;  // -> OnCommitted
};

class Announcer final : private Outbox::Listener {
 public:
  // `random` gives numbers in [0, 1). `on_announced` hears of an episode whose first outbox row is
  // committed; it may be empty. Everything referred to outlives the object.
  Announcer(const AnnouncerOptions& options, ReceiverSet receivers, StateStore& store,
            const Clock& clock, std::function<double()> random, AnnouncerPosts posts,
            std::function<void(const std::string& episode, Timestamp at)> on_announced, Muter muter,
            Board& board, const Logger& log, MetricRegistry& metrics);

  // At start, in this order: reads the store; then sends what it holds, and takes events.
  Status Restore(Timestamp now);
  void Start() { outbox_.Start(); }
  // No attempt begins any more.
  void Stop() { outbox_.Stop(); }

  // `accepted` is the monotonic time at which the alerts were handed over.
  void Offer(std::span<const AlertPtr> alerts, std::chrono::nanoseconds accepted, Timestamp now);
  // What the engine did not offer is over. REQUIRES: it has offered everything it knows.
  void EngineRestored();
  void ApplyReceivers(ReceiverSet receivers, Timestamp now);
  void OnCommitted(std::uint64_t ticket, bool durable, Timestamp now);
  void OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now);
  void RunDue() { timers_.RunDue(); }
  std::optional<Timestamp> next_deadline() const { return timers_.next_deadline(); }

  // Hands everything that has changed to the store in one batch. After each round of events.
  void Flush(Timestamp now);

  // Whether commits or attempts are under way.
  bool busy() const { return outbox_.in_flight() > 0 || !commits_.empty(); }

 private:
  struct Metrics {
    explicit Metrics(MetricRegistry& registry);
    prometheus::Counter& held_by_cooldown;
    prometheus::Counter& held_by_acknowledgement;
    prometheus::Counter& held_by_muter;
    prometheus::Counter& unknown_receiver;
    prometheus::Counter& not_durable;
  };

  Status RestoreAnnouncements();
  Status RestoreOutbox(Timestamp now);

  void OnActive(const AlertPtr& alert, Timestamp now);
  void OnResolved(const AlertPtr& alert, Timestamp now);

  // The stages an announcement passes.
  void Consider(Episode& episode, Timestamp now);
  void Suppress(Episode& episode, Episode::Suppressed why);
  void Hold(const Episode& episode, Timestamp until);
  // True where it is muted; it will be told when it no longer is.
  bool HeldByMuter(Episode& episode, Timestamp now);
  void RecheckMuted();
  void OnCooldownEnd(std::uint64_t fingerprint);
  // Whether it was announced to receivers that were all removed before any of them heard of it.
  bool Stranded(const Episode& episode) const;
  void Announce(Episode& episode, Timestamp now);
  std::vector<IntegrationPtr> IntegrationsOf(const std::vector<std::string>& receivers);

  // Of an episode that is over: sends the resolution to an integration, or knows that it need not,
  // unless that is still open.
  void Settle(Episode& episode, const std::string& integration, Receipt& receipt, Timestamp now);
  void AddRow(const Episode& episode, NotificationStatus status, const std::string& integration,
              std::uint32_t flush, std::shared_ptr<const std::string> alert_json, Timestamp now);

  // Outbox::Listener
  void OnAttempt(const OutboxRow& row, const Outcome& outcome, Timestamp now) override;
  void OnDropped(const OutboxRow& row, Outbox::Dropped why) override;

  void CloseIfDone(Episode& episode, Timestamp now);
  void Prune();
  void Remove(const std::string& id);
  Episode* Find(const std::string& id);
  SlotKey SlotFor(const Episode& episode, const std::string& integration) const {
    return {integration, episode.fingerprint};
  }
  void MarkChanged(const Episode& episode) { changed_.insert(episode.id); }

  const AnnouncerOptions options_;
  StateStore& store_;
  const Clock& clock_;
  const AnnouncerPosts posts_;
  const std::function<void(const std::string&, Timestamp)> on_announced_;
  const Muter muter_;
  Board& board_;
  const Logger log_;
  Metrics metrics_;

  TimerQueue timers_;  // run by RunDue, on the owner's thread
  ReceiverSet receivers_;
  CooldownClocks cooldowns_;
  std::unordered_map<std::string, Episode> episodes_;      // by id
  std::unordered_map<std::uint64_t, std::string> active_;  // fingerprint -> episode that fires
  std::unordered_set<std::uint64_t> held_;                 // a timer waits for their cooldown
  std::set<std::string> muted_;                            // episodes; a timer asks again
  std::set<std::pair<Timestamp, std::string>> closed_;     // the oldest first
  std::set<std::string> changed_;                          // episodes, since the last Flush
  std::vector<std::string> announced_;                     // first rounds, since the last Flush
  std::unordered_map<std::uint64_t, std::vector<std::string>> commits_;  // ticket -> those of it
  std::uint64_t last_ticket_ = 0;
  std::chrono::nanoseconds accepted_{0};  // when what is being dealt with was handed over
  bool receivers_changed_ = true;         // since the board was told
  Outbox outbox_;                         // last: it calls back into all of the above
};

}  // namespace tocsin::receivers
