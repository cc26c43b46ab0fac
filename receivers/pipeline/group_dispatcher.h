// GroupDispatcher: the thread that owns Dispatch, and its inbox. What the composition root makes,
// and what the Alertmanager API talks to.
//
//   GroupDispatcher dispatcher(options, graph, alerts, silences, store, ...);
//   dispatcher.Restore();   // fails on a notification log that cannot be read
//   dispatcher.Start();
//   ...
//   dispatcher.Stop();      // before the HTTP client and the store
//
// At the end nothing is flushed that has not come due, and attempts under way are not waited for:
// the log lacks them, so they are made again after the next start.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "base/state_store.h"
#include "base/timer_queue.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/mute/silences.h"
#include "receivers/pipeline/dispatch.h"
#include "receivers/pipeline/dispatch_inbox.h"
#include "receivers/pipeline/graph.h"
#include "receivers/state_metrics.h"

namespace tocsin::receivers {

struct GroupDispatcherOptions {
  DispatchOptions dispatch;
  std::size_t inbox_capacity = 100'000;                     // alerts
  Duration maintenance_interval{std::chrono::minutes(15)};  // forgetting what has expired
  Duration alert_gc_interval{std::chrono::minutes(30)};     // forgetting alerts that have ended
};

class GroupDispatcher {
 public:
  // `random` gives numbers in [0, 1), on the dispatcher's thread. Everything referred to outlives
  // the object.
  GroupDispatcher(const GroupDispatcherOptions& options, PipelineGraphPtr graph, AlertStore& alerts,
                  Silences& silences, StateStore& store, const Clock& clock,
                  std::function<double()> random, const Logger& log, MetricRegistry& metrics);
  ~GroupDispatcher();
  GroupDispatcher(const GroupDispatcher&) = delete;
  GroupDispatcher& operator=(const GroupDispatcher&) = delete;

  Status Restore();
  // What links lead to, where it is known only once the server listens. REQUIRES: not started.
  void UseExternalUrl(std::string url) { dispatch_.UseExternalUrl(std::move(url)); }
  void Start();
  // Idempotent.
  void Stop();

  // Any thread. Stores alerts and hands them on; waits where too many stand in line. `committed`
  // is AlertStore's.
  void Accept(std::vector<PostedAlert> alerts, const AlertStore::Committed& committed = {});
  // Any thread. The same without ever waiting, for alerts of our own rules. When it returns, the
  // inhibitor knows them.
  void AcceptNow(std::vector<PostedAlert> alerts);
  // Any thread. From now on this configuration.
  void Apply(PipelineGraphPtr graph);

  // Any thread.
  PipelineGraphPtr graph() const { return graph_.Get(); }
  // Any thread but the dispatcher's own, which it waits for. Empty once stopped.
  std::vector<GroupView> Groups();

 private:
  void Run();
  void Maintain(Timestamp now);
  void ForgetEndedAlerts(Timestamp now);
  // Runs `task` every `interval` on the dispatcher's thread.
  void Every(Duration interval, void (GroupDispatcher::*task)(Timestamp));

  const GroupDispatcherOptions options_;
  AlertStore& alerts_;
  Silences& silences_;
  const Clock& clock_;
  // Attempts may end after the dispatcher has: they hold the inbox they report to.
  const std::shared_ptr<DispatchInbox> inbox_;
  Snapshot<PipelineGraph> graph_;

  // The thread's own while it runs.
  TimerQueue timers_;
  StateMetrics log_metrics_;
  NotificationLog log_entries_;
  Dispatch dispatch_;

  std::thread thread_;
};

}  // namespace tocsin::receivers
