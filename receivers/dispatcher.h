// Dispatcher: the thread that decides who is told what, and the inbox in front of it. The one
// object of this room that the composition root makes besides alerts and silences; what the APIs
// talk to.
//
//   Dispatcher dispatcher(options, graph, alerts, silences, store, ...);
//   dispatcher.Restore();         // fails on a store that cannot be read
//   dispatcher.Start();
//   engine.Start(); ...           // offers what it restored; then
//   dispatcher.EngineRestored();
//   ...
//   dispatcher.Stop(seconds(5));  // after the engine, before the HTTP client and the store
//
// After each round of events everything that has changed goes to the state store in one batch; what
// is in the outbox is sent when its batch is durable. A store that cannot write silences nobody:
// messages go out all the same, which is counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/snapshot.h"
#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "receivers/mute/silences.h"
#include "receivers/outbox/announcement.h"
#include "receivers/outbox/board.h"
#include "receivers/outbox/outbox.h"
#include "receivers/pipeline/dispatch.h"
#include "receivers/pipeline/dispatch_inbox.h"
#include "receivers/pipeline/graph.h"
#include "receivers/pipeline/tick_sender.h"
#include "receivers/state_metrics.h"

namespace tocsin::receivers {

struct DispatcherOptions {
  DispatchOptions dispatch;
  // The full daemon. Without, messages are sent at the tick, as Alertmanager does.
  bool with_outbox = false;
  OutboxOptions outbox;
  DeliveryBookOptions book;
  std::size_t max_in_flight = 128;       // attempts at one integration, at a tick
  std::size_t inbox_capacity = 100'000;  // alerts
  Duration maintenance_interval{std::chrono::minutes(15)};  // forgetting what has expired
  Duration alert_gc_interval{std::chrono::minutes(30)};     // forgetting alerts that have ended
};

class Dispatcher {
 public:
  // `random` gives numbers in [0, 1), on the dispatcher's thread. Everything referred to outlives
  // the object.
  Dispatcher(const DispatcherOptions& options, PipelineGraphPtr graph, AlertStore& alerts,
             Silences& silences, StateStore& store, const Clock& clock,
             const std::function<double()>& random, const Logger& log, MetricRegistry& metrics);
  ~Dispatcher();  // stops at once
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Before Start: reads what an earlier process left.
  Status Restore();
  // What links lead to, where it is known only once the server listens. REQUIRES: not started.
  void UseExternalUrl(std::string url) { dispatch_.UseExternalUrl(std::move(url)); }
  void Start();
  // Lets attempts and commits under way end, for at most so long. Nothing is flushed that has not
  // come due. What is not confirmed by then is sent again after the next start. Idempotent.
  void Stop(Duration at_most = Duration(0));

  // Any thread. Stores alerts and hands them on; waits where too many stand in line. `committed`
  // is AlertStore's.
  void Accept(std::vector<PostedAlert> alerts, const AlertStore::Committed& committed = {});
  // Any thread. The same without ever waiting, for alerts of our own rules. When it returns, the
  // inhibitor knows them.
  void AcceptNow(std::vector<PostedAlert> alerts);
  // Any thread. The rule engine has made its first offer (it may have been empty): announced alerts
  // that were not in it are forgotten.
  void EngineRestored();
  // Any thread. From now on this configuration.
  void Apply(PipelineGraphPtr graph);

  // Any thread. Null: alerts that senders post are not acknowledged here.
  PostedAcknowledgements* acknowledgements() {
    return durable_ ? &durable_->acknowledgements : nullptr;
  }

  // Any thread.
  PipelineGraphPtr graph() const { return graph_.Get(); }
  // Nothing for an episode that was not announced, or ended more than a day ago.
  std::optional<AnnouncementView> ForEpisode(const std::string& id) const {
    return board_.Episode(id);
  }
  // When an alert may be spoken of that fires within its rule's cooldown; none: now.
  std::optional<Timestamp> CoolsUntil(const Alert& alert) const {
    return alert.active() ? board_.CoolsUntil(alert.id, alert.fingerprint, clock_.Now())
                          : std::nullopt;
  }
  // Whether alerts have waited for so long that delivery must have come to a standstill.
  bool stalled() const;
  std::vector<ReceiverView> Receivers() const { return board_.Receivers(); }
  OutboxCounts outbox() const { return board_.Outbox(); }
  // Messages that receivers have confirmed since the start, at most 24 hours back.
  std::uint64_t delivered_within_day() const { return board_.DeliveredWithinDay(clock_.Now()); }

  // Any thread but the dispatcher's own, which they wait for. Empty, or kUnknown, once stopped.
  std::vector<GroupView> Groups();
  Explanation Explain(const PostedAlert& alert);
  std::vector<OutboxRow> DeadLetters();
  Outbox::Resent Resend(std::uint64_t dead_letter);

 private:
  // What only the full daemon has.
  struct Durable {
    Durable(const DispatcherOptions& options, Board& board, Dispatch& dispatch, TimerQueue& timers,
            StateStore& store, PostedAcknowledgements::Changed acknowledged, const Clock& clock,
            const std::function<double()>& random, Sender::PostAttempt post, const Logger& log,
            MetricRegistry& metrics);
    DeliveryBook book;
    Outbox outbox;
    PostedAcknowledgements acknowledgements;
    prometheus::Counter& not_durable;
    std::size_t commits_under_way = 0;
  };

  Sender& sender();
  void Run();
  void Step(const std::vector<DispatchInbox::Item>& items);
  void ShowOutbox();
  // Hands everything that has changed to the store in one batch.
  void Flush();
  void OnCommitted(std::uint64_t ticket, bool durable);
  void Drain(Timestamp deadline);
  bool busy() const;
  void Maintain(Timestamp now);
  void ForgetEndedAlerts(Timestamp now);
  // Runs `task` every `interval` on the dispatcher's thread.
  void Every(Duration interval, void (Dispatcher::*task)(Timestamp));
  // What `ask` answers on the dispatcher's thread; `otherwise` where that has stopped.
  template <typename Answer>
  Answer Ask(std::function<Answer()> ask, Answer otherwise);

  const DispatcherOptions options_;
  AlertStore& alerts_;
  Silences& silences_;
  StateStore& store_;
  const Clock& clock_;
  // Attempts and commits may end after the dispatcher has: they hold the inbox they report to.
  const std::shared_ptr<DispatchInbox> inbox_;
  Snapshot<PipelineGraph> graph_;
  Board board_;

  // The thread's own while it runs.
  TimerQueue timers_;
  StateMetrics log_metrics_;
  NotificationLog log_entries_;
  Dispatch dispatch_;
  std::optional<Durable> durable_;
  std::optional<TickSender> tick_sender_;
  std::uint64_t last_ticket_ = 0;
  bool receivers_changed_ = true;  // since the board was told

  Mutex mu_;
  std::optional<Timestamp> stop_by_ GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace tocsin::receivers
