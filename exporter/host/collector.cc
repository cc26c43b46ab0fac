#include "exporter/host/collector.h"

#include <chrono>
#include <utility>

#include "base/host_name.h"
#include "exporter/host/sources.h"

#ifndef TOCSIN_VERSION
#error "the build names the version"
#endif

namespace tocsin::host {
namespace {

// The node_exporter whose names and labels these are: dashboards ask for its version.
constexpr std::string_view kNamesOfVersion = "1.5.0";

}  // namespace

Identity HostIdentity(const config::HostSettings& settings) {
  const std::string machine = HostName();
  return {settings.job, settings.instance.empty() ? machine : settings.instance, machine};
}

struct HostCollector::Watched {
  std::unique_ptr<Source> source;
  prometheus::Counter* failures = nullptr;
  std::string failure;  // of the last round; empty: none
};

HostCollector::HostCollector(const HostPaths& paths, Identity identity, SampleSink& sink,
                             const Clock& clock, const Logger& log, MetricRegistry& metrics)
    : HostCollector(MakeSources(paths), std::move(identity), sink, clock, log, metrics) {}

HostCollector::HostCollector(std::vector<std::unique_ptr<Source>> sources, Identity identity,
                             SampleSink& sink, const Clock& clock, const Logger& log,
                             MetricRegistry& metrics)
    : sink_(sink),
      clock_(clock),
      log_(log),
      rounds_(CounterFamily(metrics, "tocsin_host_rounds_total",
                            "Rounds of collecting the host's metrics.")
                  .Add({})),
      emitter_(std::move(identity)) {
  auto& failures = CounterFamily(metrics, "tocsin_host_collector_failures_total",
                                 "Rounds in which a collector of the host's metrics failed.");
  for (std::unique_ptr<Source>& source : sources) {
    prometheus::Counter& counter = failures.Add({{"collector", std::string(source->name())}});
    sources_.push_back({std::move(source), &counter, ""});
  }
}

HostCollector::~HostCollector() = default;

void HostCollector::Collect(Timestamp now) {
  rounds_.Increment();
  emitter_.Begin(now);
  Round round{now, clock_.Monotonic(), emitter_, buffer_};
  bool all_well = true;
  for (Watched& watched : sources_) all_well &= RunSource(watched, round);
  emitter_.Add(build_info_, {kNamesOfVersion, TOCSIN_VERSION, "tocsin", "none"}, 1);
  healthy_.store(all_well, std::memory_order_relaxed);
  Append(emitter_.Finish(), now);
}

bool HostCollector::RunSource(Watched& watched, Round& round) {
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  const Status status = watched.source->Collect(round);
  const std::chrono::duration<double> took = clock_.Monotonic() - begin;
  emitter_.Add(duration_, {watched.source->name()}, took.count());
  emitter_.Add(success_, {watched.source->name()}, status ? 1 : 0);
  if (!status) watched.failures->Increment();
  LogChange(watched, status);
  return status.ok();
}

void HostCollector::LogChange(Watched& watched, const Status& status) {
  std::string failure = status ? std::string() : status.message();
  if (failure == watched.failure) return;
  watched.failure = std::move(failure);
  if (status) {
    log_.Info("collector succeeds again", {{"collector", watched.source->name()}});
  } else {
    log_.Warn("collector failed",
              {{"collector", watched.source->name()}, {"err", watched.failure}});
  }
}

void HostCollector::End(Timestamp now) {
  emitter_.Begin(now);
  Append(emitter_.Finish(), now);
}

// The store counts by reason what it refuses.
void HostCollector::Append(const SampleBatch& batch, Timestamp now) {
  if (batch.empty()) return;
  const AppendReport report = sink_.Append(batch, now);
  const bool refused = !report.refused.empty();
  if (refused && !refused_) {
    log_.Warn("some host metrics were not stored",
              {{"refused", report.refused.size()},
               {"reason", RefusalName(report.refused.front().why)},
               {"series", batch.labels(batch.items()[report.refused.front().index]).ToString()}});
  } else if (refused_ && !refused) {
    log_.Info("all host metrics are stored again");
  }
  refused_ = refused;
}

}  // namespace tocsin::host
