// HostCollector: one round over all sources of the host, from kernel files to a batch in the sink.
//
// Beside what the sources emit it tells, as node_exporter does, how long each of them took and
// whether it succeeded; a source that fails leaves the others alone. A failure is logged when it
// begins, when its reason changes and when it is over; the rounds between only count.
//
// Owned by the daemon, which calls Collect at the configured interval. Collect and End are for one
// thread at a time. Neither waits for anything but, briefly, for mounts that are slow to say how
// full they are (MountProber).
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sample.h"
#include "base/time.h"
#include "config/settings.h"
#include "exporter/host/emitter.h"
#include "exporter/host/kernel_file.h"
#include "exporter/host/source.h"

namespace tocsin::host {

// The labels of this machine's series: the settings', with its own name where they are silent.
Identity HostIdentity(const config::HostSettings& settings);

class HostCollector {
 public:
  // The sources of sources.h. Sink, clock and metrics outlive the collector.
  HostCollector(const HostPaths& paths, Identity identity, SampleSink& sink, const Clock& clock,
                const Logger& log, MetricRegistry& metrics);
  // The same with other sources.
  HostCollector(std::vector<std::unique_ptr<Source>> sources, Identity identity, SampleSink& sink,
                const Clock& clock, const Logger& log, MetricRegistry& metrics);
  ~HostCollector();
  HostCollector(const HostCollector&) = delete;
  HostCollector& operator=(const HostCollector&) = delete;

  // Samples are stamped with `now`.
  void Collect(Timestamp now);
  // Ends every series that the last round had with a staleness marker: for a collector that is
  // replaced by one of another name.
  void End(Timestamp now);

  // Any thread: whether every source succeeded in the last round. True before the first.
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

 private:
  struct Watched;  // a source and how it fares

  bool RunSource(Watched& watched, Round& round);
  void LogChange(Watched& watched, const Status& status);
  void Append(const SampleBatch& batch, Timestamp now);

  SampleSink& sink_;
  const Clock& clock_;
  const Logger log_;
  prometheus::Counter& rounds_;
  std::vector<Watched> sources_;
  Emitter emitter_;
  std::string buffer_;    // shared by the sources, see Round
  bool refused_ = false;  // some samples of the last round
  std::atomic<bool> healthy_{true};

  const Family duration_{"node_scrape_collector_duration_seconds",
                         MetricType::kGauge,
                         "How long each collector took.",
                         {"collector"}};
  const Family success_{"node_scrape_collector_success",
                        MetricType::kGauge,
                        "1 where the collector succeeded.",
                        {"collector"}};
  const Family build_info_{"node_exporter_build_info",
                           MetricType::kGauge,
                           "What collected these; always 1.",
                           {"version", "revision", "branch", "goversion"}};
};

}  // namespace tocsin::host
