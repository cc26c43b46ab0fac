#include "exporter/host/emitter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/number.h"

namespace tocsin::host {
namespace {

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);

// "series value", in the order of the batch.
std::vector<std::string> Texts(const SampleBatch& batch) {
  std::vector<std::string> texts;
  for (const SampleBatch::Item& item : batch.items()) {
    const double value = item.sample.value;
    texts.push_back(Labels(batch.labels(item)).ToString() + " " +
                    (IsStaleNan(value) ? "stale" : FormatFloat(value)));
  }
  return texts;
}

using Lines = std::vector<std::string>;

struct EmitterTest : ::testing::Test {
  Emitter emit{Identity{"node", "web-1:9095", "web-1"}};
  const Family load{"node_load1", MetricType::kGauge, "Load."};
  const Family bytes{"node_bytes_total", MetricType::kCounter, "Bytes.", {"device"}};
  const Family usage =
      Family::Dotted("system.disk.usage", MetricType::kGauge, "Use.", {"mountpoint"});
};

TEST_F(EmitterTest, EverySeriesCarriesJobAndInstanceAndTheTimeOfTheRound) {
  emit.Begin(kNow);
  emit.Add(load, 0.5);
  emit.Add(bytes, {"eth0"}, 7);
  const SampleBatch& batch = emit.Finish();
  EXPECT_EQ(Texts(batch),
            (Lines{R"(node_load1{instance="web-1:9095", job="node"} 0.5)",
                   R"(node_bytes_total{device="eth0", instance="web-1:9095", job="node"} 7)"}));
  EXPECT_EQ(batch.origin(), Origin::kHost);
  for (const auto& item : batch.items()) EXPECT_EQ(item.sample.timestamp, kNow);
}

TEST_F(EmitterTest, ADottedNameIsMappedAndKeptAndItsSeriesCarryTheHost) {
  emit.Begin(kNow);
  emit.Add(usage, {"/"}, 40);
  const SampleBatch& batch = emit.Finish();
  EXPECT_EQ(
      Texts(batch),
      Lines{
          R"(system_disk_usage{host="web-1", instance="web-1:9095", job="node", mountpoint="/"} 40)"});
  EXPECT_EQ(batch.items()[0].spelling, SpellingOf("system.disk.usage"));
  ASSERT_EQ(batch.metadata().size(), 1U);
  EXPECT_EQ(batch.metadata()[0].name, "system_disk_usage");
  EXPECT_EQ(batch.metadata()[0].original_name, "system.disk.usage");
}

TEST_F(EmitterTest, AnEmptyLabelValueIsNoLabel) {
  emit.Begin(kNow);
  emit.Add(usage, {""}, 40);
  EXPECT_EQ(Texts(emit.Finish()),
            Lines{R"(system_disk_usage{host="web-1", instance="web-1:9095", job="node"} 40)"});
}

TEST_F(EmitterTest, TheFirstValueOfASeriesInARoundCounts) {
  emit.Begin(kNow);
  emit.Add(load, 1);
  emit.Add(load, 2);
  EXPECT_EQ(Texts(emit.Finish()), Lines{R"(node_load1{instance="web-1:9095", job="node"} 1)"});
}

TEST_F(EmitterTest, ASeriesThatARoundDoesNotHaveEndsOnce) {
  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 1);
  emit.Add(bytes, {"eth1"}, 2);
  emit.Finish();
  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 3);
  EXPECT_EQ(Texts(emit.Finish()),
            (Lines{R"(node_bytes_total{device="eth0", instance="web-1:9095", job="node"} 3)",
                   R"(node_bytes_total{device="eth1", instance="web-1:9095", job="node"} stale)"}));
  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 4);
  EXPECT_EQ(emit.Finish().size(), 1U);
}

TEST_F(EmitterTest, MetadataGoesOutWithTheFirstLivingSeriesOfAFamily) {
  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 1);
  emit.Add(bytes, {"eth1"}, 1);
  ASSERT_EQ(emit.Finish().metadata().size(), 1U);
  EXPECT_EQ(emit.Finish().metadata()[0].name, "node_bytes_total");
  EXPECT_EQ(emit.Finish().metadata()[0].type, MetricType::kCounter);
  EXPECT_EQ(emit.Finish().metadata()[0].help, "Bytes.");

  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 2);
  EXPECT_TRUE(emit.Finish().metadata().empty()) << "a steady round says it again";

  emit.Begin(kNow);
  EXPECT_TRUE(emit.Finish().metadata().empty());
  emit.Begin(kNow);
  emit.Add(bytes, {"eth0"}, 3);
  EXPECT_EQ(emit.Finish().metadata().size(), 1U) << "the family came back";
}

TEST_F(EmitterTest, BytesThatAreNoTextAreReplaced) {
  emit.Begin(kNow);
  emit.Add(bytes, {"a\xff"}, 1);
  emit.Add(bytes, {"\xc3\xa4"}, 2);  // valid: stays
  const SampleBatch& batch = emit.Finish();
  EXPECT_EQ(batch.labels(batch.items()[0]).Get("device"), "a\xEF\xBF\xBD");
  EXPECT_EQ(batch.labels(batch.items()[1]).Get("device"), "\xc3\xa4");
}

TEST_F(EmitterTest, AReadingCannotForgeAStaleMarker) {
  emit.Begin(kNow);
  emit.Add(load, StaleNan());
  const double value = emit.Finish().items()[0].sample.value;
  EXPECT_TRUE(std::isnan(value));
  EXPECT_FALSE(IsStaleNan(value));
}

}  // namespace
}  // namespace tocsin::host
