// Dispatcher: the thread that owns the announcer, and the inbox in front of it. The one object of
// this room that the composition root makes; it lives as long as the daemon.
//
//   Dispatcher dispatcher(options, *BuildReceivers(...), store, ...);
//   dispatcher.Restore();         // fails on a store that cannot be read
//   dispatcher.Start();
//   engine.Start(); ...           // offers what it restored; then
//   dispatcher.EngineRestored();
//   ...
//   dispatcher.Stop(seconds(5));  // after the engine, before the HTTP client and the store
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/alert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "receivers/announcement.h"
#include "receivers/announcer.h"
#include "receivers/board.h"
#include "receivers/inbox.h"
#include "receivers/receiver_set.h"

namespace tocsin::receivers {

struct DispatcherOptions {
  AnnouncerOptions announcer;
  std::size_t inbox_capacity = 100'000;  // alerts; beyond it they are coalesced
};

class Dispatcher final : public AlertSink {
 public:
  using OnAnnounced = std::function<void(const std::string& episode, Timestamp at)>;

  // `random` gives numbers in [0, 1); it and `on_announced` (may be empty) are called on the
  // dispatcher's thread. Everything referred to outlives the object.
  Dispatcher(const DispatcherOptions& options, ReceiverSet receivers, StateStore& store,
             const Clock& clock, std::function<double()> random, OnAnnounced on_announced,
             Muter muter, const Logger& log, MetricRegistry& metrics);
  ~Dispatcher() override;  // stops at once

  // Before Start: reads what an earlier process left.
  Status Restore();
  // What is in the outbox is sent from now on.
  void Start();
  // Lets the attempts and commits under way end, for at most so long; what is not delivered by then
  // stays in the outbox. Idempotent.
  void Stop(Duration at_most);

  // Any thread, never blocks.
  void Accept(std::vector<AlertPtr> alerts) override;
  // The rule engine has made its first offer (it may have been empty): announced alerts that were
  // not in it are forgotten.
  void EngineRestored();
  // From now on new notifications go to these; attempts under way end with the old channels.
  void ApplyReceivers(ReceiverSet receivers);

  // Any thread. Nothing for an episode that was not announced, or ended more than a day ago.
  std::optional<AnnouncementView> ForEpisode(const std::string& id) const {
    return board_.Episode(id);
  }
  std::vector<ReceiverView> Receivers() const { return board_.Receivers(); }
  OutboxCounts outbox() const { return board_.Outbox(); }
  // Notifications that receivers have confirmed since the start, at most 24 hours back.
  std::uint64_t delivered_within_day() const { return board_.DeliveredWithinDay(clock_.Now()); }

 private:
  void Run();
  void Step(Inbox::Content content);
  void Drain(Timestamp deadline);
  AnnouncerPosts Posts() const;

  const Clock& clock_;
  // Commits and attempts may end after the dispatcher has: they hold the inbox they report to.
  const std::shared_ptr<Inbox> inbox_;
  Board board_;
  Announcer announcer_;  // belongs to thread_ while that runs
  prometheus::Counter& coalesced_;

  Mutex mu_;
  std::optional<Timestamp> stop_by_ GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace tocsin::receivers
