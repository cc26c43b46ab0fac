#include "exporter/daemon/host_rounds.h"

#include <utility>

namespace tocsin::daemon {

HostRounds::HostRounds(SampleSink& sink, TimerQueue& timers, Executor& pool, const Clock& clock,
                       Logger log, MetricRegistry& metrics)
    : sink_(sink),
      timers_(timers),
      pool_(pool),
      clock_(clock),
      log_(std::move(log)),
      metrics_(metrics) {}

void HostRounds::Apply(const config::HostSettings& settings) {
  if (settings_ == settings) return;
  settings_ = settings;
  rounds_.reset();  // waits for a round under way
  std::shared_ptr<host::HostCollector> next;
  if (settings.enabled) {
    next = std::make_shared<host::HostCollector>(host::HostPaths(), host::HostIdentity(settings),
                                                 sink_, clock_, log_, metrics_);
  }
  std::shared_ptr<host::HostCollector> former = next;
  {
    MutexLock lock(mu_);
    collector_.swap(former);
  }
  if (former != nullptr) former->End(clock_.Now());
  if (next == nullptr) return;
  rounds_ = std::make_unique<Periodic>(timers_, pool_, clock_, settings.interval,
                                       [next](Timestamp now) { next->Collect(now); });
}

void HostRounds::Stop() { rounds_.reset(); }

bool HostRounds::enabled() const {
  MutexLock lock(mu_);
  return collector_ != nullptr;
}

bool HostRounds::healthy() const {
  MutexLock lock(mu_);
  return collector_ == nullptr || collector_->healthy();
}

}  // namespace tocsin::daemon
