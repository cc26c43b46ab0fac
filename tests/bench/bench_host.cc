// One round of collecting this machine's metrics: every source of HostCollector, into a sink that
// stores nothing. The target is under 2 ms.
#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "exporter/host/collector.h"
#include "tests/support/null_log.h"

namespace tocsin::host {
namespace {

class NullSink final : public SampleSink {
 public:
  AppendReport Append(const SampleBatch& batch, Timestamp /*now*/) override {
    samples = batch.size();
    return AppendReport();
  }
  std::size_t samples = 0;
};

void Round(benchmark::State& state) {
  const SystemClock clock;
  NullSink sink;
  testing::NullLogSink log;
  MetricRegistry metrics;
  HostCollector collector(HostPaths(), HostIdentity(config::HostSettings()), sink, clock,
                          Logger(log, "host"), metrics);
  collector.Collect(clock.Now());  // opens the files, makes the label sets
  for (auto _ : state) collector.Collect(clock.Now());
  state.counters["samples"] = static_cast<double>(sink.samples);
}
BENCHMARK(Round)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace tocsin::host
