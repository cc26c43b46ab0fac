// The cost of a batch of 1,000 metrics as the alerting API submits them: read alone, and through
// the whole intake into a sink that takes everything and keeps nothing.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/intake/json_metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::intake {
namespace {

constexpr int kItems = 1000;

// Names with dots are mapped; others are taken as they are.
constexpr std::string_view kDotted = "system.cpu.usage";
constexpr std::string_view kPlain = "system_cpu_usage";

// As the demo's client sends them; with room for the parser, as a request's body has it.
std::string Body(std::string_view name, Timestamp now) {
  std::string body = "[";
  for (int i = 0; i < kItems; ++i) {
    body += fmt::format(R"({}{{"metric_name": "{}", "value": {}, "timestamp": "{}", )"
                        R"("metadata": {{"host": "web-server-{}", "datacenter": "us-east-1"}}}})",
                        i == 0 ? "" : ", ", name, i * 0.375, FormatRfc3339(now), i);
  }
  body += "]";
  body.reserve(body.size() + http::kBodyPadding);
  return body;
}

class NullSink final : public SampleSink {
 public:
  AppendReport Append(const SampleBatch& batch, Timestamp /*now*/) override {
    AppendReport report;
    report.accepted = batch.size();
    return report;
  }
};

void CountSamples(benchmark::State& state, const std::string& body) {
  state.SetItemsProcessed(state.iterations() * kItems);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void ReadBatch(benchmark::State& state, std::string_view name) {
  const testing::FakeClock clock;
  const std::string body = Body(name, clock.Now());
  JsonMetricsReader reader;
  for (auto _ : state) {
    reader.ReadBatch(body, {}, clock.Now());
    if (reader.samples().size() != kItems) return state.SkipWithError("an item was refused");
  }
  CountSamples(state, body);
}
BENCHMARK_CAPTURE(ReadBatch, plain, kPlain);
BENCHMARK_CAPTURE(ReadBatch, dotted, kDotted);

void SubmitBatch(benchmark::State& state, std::string_view name) {
  NullSink sink;
  testing::MemoryStateStore store;
  const testing::FakeClock clock;
  testing::NullLogSink log;
  MetricRegistry registry;
  JsonMetricsIntake intake({sink, store, clock, Logger(log, "bench"), registry});
  const std::vector<http::Route> routes = intake.Routes();
  const http::Handler& submit = routes.at(1).handler;  // "/metrics/batch"
  http::Request request;
  request.body = Body(name, clock.Now());
  request.body.reserve(request.body.size() + http::kBodyPadding);
  for (auto _ : state) {
    if (submit(request).status != 200) return state.SkipWithError("the batch was refused");
  }
  CountSamples(state, request.body);
}
BENCHMARK_CAPTURE(SubmitBatch, plain, kPlain);
BENCHMARK_CAPTURE(SubmitBatch, dotted, kDotted);

}  // namespace
}  // namespace tocsin::intake
