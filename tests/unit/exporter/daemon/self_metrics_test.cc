#include "exporter/daemon/self_metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "base/metrics.h"
#include "base/number.h"

namespace tocsin::daemon {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'123);

// a{x="1"} to its value.
std::map<std::string, double> ValuesOf(const SampleBatch& batch) {
  std::map<std::string, double> values;
  for (const SampleBatch::Item& item : batch.items()) {
    EXPECT_EQ(item.sample.timestamp, kNow);
    values[Labels(batch.labels(item)).ToString()] = item.sample.value;
  }
  EXPECT_EQ(values.size(), batch.size()) << "a series came twice";
  return values;
}

TEST(CollectSelf, TurnsCountersAndGaugesIntoSamplesOfThisInstance) {
  MetricRegistry registry;
  CounterFamily(registry, "tocsin_things_total", "h").Add({{"kind", "a"}}).Increment(3);
  GaugeFamily(registry, "tocsin_level", "h").Add({}).Set(-1.5);
  const SampleBatch batch = CollectSelf({&registry}, "127.0.0.1:9095", kNow);
  EXPECT_EQ(batch.origin(), Origin::kSelf);
  EXPECT_EQ(ValuesOf(batch),
            (std::map<std::string, double>{
                {R"(tocsin_things_total{instance="127.0.0.1:9095", job="tocsin", kind="a"})", 3},
                {R"(tocsin_level{instance="127.0.0.1:9095", job="tocsin"})", -1.5}}));
}

TEST(CollectSelf, OfAHistogramItTakesTheSumAndTheCount) {
  MetricRegistry registry;
  auto& histogram = HistogramFamily(registry, "tocsin_seconds", "h")
                        .Add({}, prometheus::Histogram::BucketBoundaries{0.1, 1});
  histogram.Observe(0.5);
  histogram.Observe(2);
  EXPECT_EQ(
      ValuesOf(CollectSelf({&registry}, "i", kNow)),
      (std::map<std::string, double>{{R"(tocsin_seconds_sum{instance="i", job="tocsin"})", 2.5},
                                     {R"(tocsin_seconds_count{instance="i", job="tocsin"})", 2}}));
}

TEST(CollectSelf, TakesSeveralSources) {
  MetricRegistry one;
  MetricRegistry two;
  GaugeFamily(one, "tocsin_one", "h").Add({}).Set(1);
  GaugeFamily(two, "tocsin_two", "h").Add({}).Set(2);
  EXPECT_EQ(CollectSelf({&one, &two}, "i", kNow).size(), 2U);
  EXPECT_EQ(CollectSelf({}, "i", kNow).size(), 0U);
}

TEST(CollectSelf, ANotANumberIsNeverTheMarkerOfAnEndedSeries) {
  MetricRegistry registry;
  GaugeFamily(registry, "tocsin_level", "h").Add({}).Set(StaleNan());
  const SampleBatch batch = CollectSelf({&registry}, "i", kNow);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_TRUE(std::isnan(batch.items()[0].sample.value));
  EXPECT_FALSE(IsStaleNan(batch.items()[0].sample.value));
}

}  // namespace
}  // namespace tocsin::daemon
