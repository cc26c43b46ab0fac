// The cost of one sample, append to done: a batch of one, as a submitted metric is. The series
// store holds 10,000 series; the rules that do not look at the sample's series must not cost
// anything.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "evaluator/rules/rule_index.h"
#include "evaluator/series/store.h"

namespace tocsin::evaluator {
namespace {

constexpr int kSeries = 10'000;
const Timestamp kStart = FromUnixMillis(1'700'000'000'000);

class CountingSignals final : public SignalSink {
 public:
  void Take(std::vector<Signal> signals) override { count_ += signals.size(); }

 private:
  std::size_t count_ = 0;
};

std::shared_ptr<const ThresholdRule> Rule(int number, const std::string& series_name) {
  auto rule = std::make_shared<ThresholdRule>();
  rule->id = "rule-" + std::to_string(number);
  rule->name = rule->id;
  rule->series_name = series_name;
  rule->threshold = 1e9;
  return rule;
}

Labels SeriesLabels(int number) {
  return Labels{{"__name__", "app_queue_length"},
                {"host", "web-server-" + std::to_string(number)},
                {"datacenter", "us-east-1"}};
}

// `other_rules` look at series of other names; `matching_rules` at every series of ours.
void AppendOne(benchmark::State& state, int other_rules, int matching_rules) {
  CountingSignals signals;
  MetricRegistry registry;
  SeriesStore store({}, signals, registry);
  RuleIndex::Rules rules;
  for (int i = 0; i < other_rules; ++i) rules.push_back(Rule(i, "other_" + std::to_string(i)));
  for (int i = 0; i < matching_rules; ++i) rules.push_back(Rule(-1 - i, "app_queue_length"));
  store.SetWatchMaker(std::make_shared<RuleIndex>(rules, std::chrono::minutes(5)), kStart);

  std::vector<Labels> labels;
  for (int i = 0; i < kSeries; ++i) labels.push_back(SeriesLabels(i));
  SampleBatch batch(Origin::kJson);
  int at = 0;
  std::int64_t round = 0;
  const auto append_next = [&] {
    const Timestamp now = kStart + Duration(round);
    batch.Clear();
    batch.Add(labels[static_cast<std::size_t>(at)], {now, static_cast<double>(round)});
    benchmark::DoNotOptimize(store.Append(batch, now));
    if (++at == kSeries) {
      at = 0;
      ++round;
    }
  };
  for (int i = 0; i < kSeries; ++i) append_next();  // the series exist from here on
  for (auto _ : state) append_next();
}

void SampleThatMatchesNoRule(benchmark::State& state) { AppendOne(state, 1, 0); }
void SampleThatMatchesOneRule(benchmark::State& state) { AppendOne(state, 1, 1); }
void SampleThatMatchesNoRuleBeside10000Others(benchmark::State& state) {
  AppendOne(state, 10'000, 0);
}
void SampleThatMatchesOneRuleBeside10000Others(benchmark::State& state) {
  AppendOne(state, 10'000, 1);
}
void SampleThatMatches100Rules(benchmark::State& state) { AppendOne(state, 1, 100); }
BENCHMARK(SampleThatMatchesNoRule);
BENCHMARK(SampleThatMatchesOneRule);
BENCHMARK(SampleThatMatchesNoRuleBeside10000Others);
BENCHMARK(SampleThatMatchesOneRuleBeside10000Others);
BENCHMARK(SampleThatMatches100Rules);

}  // namespace
}  // namespace tocsin::evaluator
