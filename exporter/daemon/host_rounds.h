// HostRounds: collects the host's metrics at the configured interval, and starts anew when the
// settings change.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "exporter/daemon/periodic.h"
#include "exporter/host/collector.h"

namespace tocsin::daemon {

class HostRounds {
 public:
  // Everything outlives the object.
  HostRounds(SampleSink& sink, TimerQueue& timers, Executor& pool, const Clock& clock, Logger log,
             MetricRegistry& metrics);

  // The main thread. Series that a former setting named otherwise, or that are no longer collected,
  // are marked stale; equal settings change nothing.
  void Apply(const config::HostSettings& settings) EXCLUDES(mu_);
  // The main thread; no round follows, and nothing is marked stale: the host goes on.
  void Stop() EXCLUDES(mu_);

  // Any thread.
  bool healthy() const EXCLUDES(mu_);
  bool enabled() const EXCLUDES(mu_);

 private:
  SampleSink& sink_;
  TimerQueue& timers_;
  Executor& pool_;
  const Clock& clock_;
  const Logger log_;
  MetricRegistry& metrics_;

  // The main thread only.
  std::optional<config::HostSettings> settings_;
  std::unique_ptr<Periodic> rounds_;

  mutable Mutex mu_;
  std::shared_ptr<host::HostCollector> collector_ GUARDED_BY(mu_);
};

}  // namespace tocsin::daemon
