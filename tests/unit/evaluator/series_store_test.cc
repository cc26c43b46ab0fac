#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <thread>

#include "base/number.h"
#include "evaluator/rules/rule_index.h"
#include "evaluator/series/store.h"
#include "tests/support/evaluator_builders.h"
#include "tests/unit/evaluator/cpu_series.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuRule;
using testing::RecordingSignals;

class SeriesStoreTest : public ::testing::Test {
 protected:
  AppendReport Append(const Labels& labels, Timestamp at, double value,
                      SameTime same_time = SameTime::kReplace, std::uint32_t spelling = 0) {
    SampleBatch batch(Origin::kJson, same_time);
    batch.Add(labels, {at, value}, spelling);
    return store_.Append(batch, kNow);
  }
  std::vector<double> Values(const Labels& labels) {
    std::vector<double> values;
    for (const SeriesSamples& series : store_.Select({}, kNow - minutes(60), kNow + minutes(60))) {
      if (series.labels != labels) continue;
      for (const Sample& sample : series.samples) values.push_back(sample.value);
    }
    return values;
  }

  MetricRegistry registry_;
  RecordingSignals signals_;
  SeriesStore store_{StoreLimits{}, signals_, registry_};
  const Labels cpu_a_{{"__name__", "cpu"}, {"host", "a"}};
  const Labels cpu_b_{{"__name__", "cpu"}, {"host", "b"}};
};

TEST_F(SeriesStoreTest, KeepsTheSamplesOfEachSeriesInOrder) {
  Append(cpu_a_, kNow, 1);
  Append(cpu_b_, kNow, 5);
  Append(cpu_a_, kNow + seconds(1), 2);
  EXPECT_EQ(Values(cpu_a_), (std::vector<double>{1, 2}));
  EXPECT_EQ(Values(cpu_b_), (std::vector<double>{5}));
  EXPECT_EQ(store_.series_count(), 2U);
}

TEST_F(SeriesStoreTest, AnyRangeOfALongSeriesCanBeReadAndForgotten) {
  constexpr int kSamples = 23;
  for (int i = 0; i < kSamples; ++i) Append(cpu_a_, kNow + seconds(i), i);
  Append(cpu_a_, kNow + seconds(kSamples - 1), -1);  // takes the place of the last one
  for (int from = -1; from < kSamples; ++from) {
    for (int to = from + 1; to < kSamples; ++to) {
      const std::vector<SeriesSamples> read =
          store_.Select({}, kNow + seconds(from), kNow + seconds(to));
      ASSERT_EQ(read.size(), 1U);
      ASSERT_EQ(read[0].samples.size(), static_cast<std::size_t>(to - from));
      for (int i = from + 1; i <= to; ++i) {
        const Sample& sample = read[0].samples[static_cast<std::size_t>(i - from - 1)];
        ASSERT_EQ(sample.timestamp, kNow + seconds(i));
        ASSERT_EQ(sample.value, i == kSamples - 1 ? -1 : i);
      }
    }
  }
  for (int oldest = 0; oldest < kSamples; ++oldest) {
    store_.Prune(kNow + seconds(oldest) + StoreLimits{}.retention);
    const std::vector<double> left = Values(cpu_a_);
    ASSERT_EQ(left.size(), static_cast<std::size_t>(kSamples - 1 - oldest));
    ASSERT_EQ(left.empty() ? -1 : left.back(), -1);
  }
  EXPECT_EQ(store_.series_count(), 0U);
}

TEST_F(SeriesStoreTest, CountsWhatItStoredByOrigin) {
  Append(cpu_a_, kNow, 1);
  Append(cpu_b_, kNow, 1);
  Append(cpu_a_, kNow - seconds(1), 1);  // refused
  SampleBatch scraped(Origin::kScrape);
  scraped.Add(cpu_a_, {kNow + seconds(1), 2});
  store_.Append(scraped, kNow);
  std::map<std::string, double> stored;
  for (const prometheus::MetricFamily& family : store_.Collect()) {
    EXPECT_EQ(family.name, "tocsin_samples_appended_total");
    for (const prometheus::ClientMetric& metric : family.metric) {
      stored[metric.label.at(0).value] = metric.counter.value;
    }
  }
  EXPECT_EQ(stored, (std::map<std::string, double>{
                        {"host", 0}, {"json", 2}, {"push", 0}, {"scrape", 1}, {"self", 0}}));
}

TEST_F(SeriesStoreTest, AnOlderSampleIsRefusedAndReported) {
  Append(cpu_a_, kNow, 1);
  const AppendReport report = Append(cpu_a_, kNow - seconds(1), 9);
  EXPECT_EQ(report.accepted, 0U);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].why, Refusal::kOutOfOrder);
  EXPECT_EQ(Values(cpu_a_), (std::vector<double>{1}));
}

TEST_F(SeriesStoreTest, ASecondValueWithinOneMillisecondReplacesOrIsADuplicate) {
  Append(cpu_a_, kNow, 1);
  EXPECT_EQ(Append(cpu_a_, kNow, 2).accepted, 1U);
  EXPECT_EQ(Values(cpu_a_), (std::vector<double>{2}));
  const AppendReport refused = Append(cpu_a_, kNow, 3, SameTime::kRefuse);
  ASSERT_EQ(refused.refused.size(), 1U);
  EXPECT_EQ(refused.refused[0].why, Refusal::kDuplicate);
  // A retry that says the same again is a success.
  EXPECT_EQ(Append(cpu_a_, kNow, 2, SameTime::kRefuse).accepted, 1U);
  EXPECT_EQ(Values(cpu_a_), (std::vector<double>{2}));
}

TEST_F(SeriesStoreTest, BeyondTheCapNewSeriesAreRefusedAndKnownOnesGoOn) {
  store_.SetLimits({1, minutes(60)});
  EXPECT_EQ(Append(cpu_a_, kNow, 1).accepted, 1U);
  const AppendReport report = Append(cpu_b_, kNow, 1);
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].why, Refusal::kTooManySeries);
  EXPECT_EQ(Append(cpu_a_, kNow + seconds(1), 2).accepted, 1U);
  EXPECT_EQ(store_.series_count(), 1U);
}

TEST_F(SeriesStoreTest, ASeriesBelongsToTheSpellingThatMadeIt) {
  Append(cpu_a_, kNow, 1, SameTime::kReplace, SpellingOf("c.pu"));
  const AppendReport report =
      Append(cpu_a_, kNow + seconds(1), 2, SameTime::kReplace, SpellingOf("c-pu"));
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].why, Refusal::kNameTaken);
  EXPECT_EQ(report.refused[0].taken_by, "");  // nobody has said how it is spelt
  EXPECT_EQ(Append(cpu_a_, kNow + seconds(1), 2, SameTime::kReplace, SpellingOf("c.pu")).accepted,
            1U);
}

TEST_F(SeriesStoreTest, WhoseNameIsTakenHearsHowItsOwnerSpellsIt) {
  Append(cpu_a_, kNow, 1, SameTime::kReplace, SpellingOf("c.pu"));
  Append(cpu_b_, kNow, 1);
  SampleBatch news(Origin::kJson);
  FamilyMetadata family;
  family.name = "cpu";
  family.original_name = "c.pu";
  news.AddMetadata(family);
  store_.Append(news, kNow);
  const auto owner = [this](const Labels& labels, std::uint32_t spelling) {
    const AppendReport report = Append(labels, kNow + seconds(1), 2, SameTime::kReplace, spelling);
    return report.refused.size() == 1 ? report.refused[0].taken_by : "nobody";
  };
  EXPECT_EQ(owner(cpu_a_, SpellingOf("c-pu")), "c.pu");
  EXPECT_EQ(owner(cpu_a_, 0), "c.pu");
  EXPECT_EQ(owner(cpu_b_, SpellingOf("c.pu")), "cpu");
}

TEST_F(SeriesStoreTest, SelectIsOpenOnTheLeftAndOrderedByLabels) {
  Append(cpu_b_, kNow, 5);
  Append(cpu_a_, kNow, 1);
  Append(cpu_a_, kNow + seconds(1), 2);
  const std::vector<SeriesSamples> all = store_.Select({}, kNow - seconds(1), kNow);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].labels, cpu_a_);
  EXPECT_EQ(all[1].labels, cpu_b_);
  const std::vector<SeriesSamples> later = store_.Select({}, kNow, kNow + seconds(1));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].samples.size(), 1U);
  EXPECT_TRUE(store_.Select({}, kNow, kNow).empty());
  EXPECT_TRUE(store_.Select({}, kNow + seconds(1), kNow).empty());
}

TEST_F(SeriesStoreTest, SelectTakesMatchersWithAndWithoutAName) {
  Append(cpu_a_, kNow, 1);
  Append(cpu_b_, kNow, 1);
  Append(Labels{{"__name__", "mem"}, {"host", "a"}}, kNow, 1);
  const auto count = [&](const std::vector<Matcher>& matchers) {
    return store_.Select(matchers, kNow - seconds(1), kNow).size();
  };
  EXPECT_EQ(count({Matcher::Equal("__name__", "cpu")}), 2U);
  EXPECT_EQ(count({Matcher::Equal("host", "a")}), 2U);
  EXPECT_EQ(count({Matcher::Equal("__name__", "cpu"), Matcher::Equal("host", "b")}), 1U);
  EXPECT_EQ(count({Matcher::Equal("__name__", "nothing")}), 0U);
}

TEST_F(SeriesStoreTest, LatestLeavesOutEndedAndSilentSeries) {
  Append(cpu_a_, kNow, 1);
  Append(cpu_b_, kNow, 1);
  Append(cpu_b_, kNow + seconds(1), StaleNan());
  Append(Labels{{"__name__", "old"}}, kNow - minutes(6), 1);
  const std::vector<SeriesSamples> latest = store_.Latest({}, kNow - minutes(5));
  ASSERT_EQ(latest.size(), 1U);
  EXPECT_EQ(latest[0].labels, cpu_a_);
}

TEST_F(SeriesStoreTest, PruneForgetsOldSamplesAndThenTheSeries) {
  Append(cpu_a_, kNow - minutes(50), 1);
  Append(cpu_a_, kNow, 2);
  Append(cpu_b_, kNow - minutes(50), 3);
  store_.Prune(kNow + minutes(15));
  EXPECT_EQ(Values(cpu_a_), (std::vector<double>{2}));
  EXPECT_EQ(store_.series_count(), 1U);
  EXPECT_TRUE(store_.Select({Matcher::Equal("host", "b")}, kNow - minutes(60), kNow).empty());
  EXPECT_EQ(Append(cpu_b_, kNow + minutes(15), 4).new_series, 1U);
}

TEST_F(SeriesStoreTest, OnlyTheRulesOfASeriesSeeItsSamples) {
  store_.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)), kNow);
  Append(Labels{{"__name__", "mem"}}, kNow, 99);
  EXPECT_TRUE(signals_.taken.empty());
  Append(cpu_a_, kNow, 99);
  ASSERT_EQ(signals_.taken.size(), 1U);
  EXPECT_EQ(signals_.taken[0].kind, Signal::Kind::kViolating);
  EXPECT_EQ(signals_.taken[0].sample.value, 99);
}

TEST_F(SeriesStoreTest, ANewRuleIsJudgedByTheNewestSampleUnlessThatIsStale) {
  Append(cpu_a_, kNow, 99);
  Append(cpu_b_, kNow - minutes(6), 99);
  store_.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)), kNow);
  ASSERT_EQ(signals_.taken.size(), 1U);
  EXPECT_EQ(signals_.taken[0].kind, Signal::Kind::kViolating);
}

TEST_F(SeriesStoreTest, ARefusedSampleIsNotEvaluated) {
  store_.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)), kNow);
  Append(cpu_a_, kNow, 1);
  signals_.taken.clear();
  Append(cpu_a_, kNow - seconds(1), 99);
  EXPECT_TRUE(signals_.taken.empty());
}

TEST_F(SeriesStoreTest, MetadataOfAFamilyIsTheLastOneTold) {
  SampleBatch batch(Origin::kHost);
  batch.AddMetadata({"cpu", MetricType::kGauge, "first", "", "c.pu"});
  batch.AddMetadata({"cpu", MetricType::kGauge, "second", "", "c.pu"});
  store_.Append(batch, kNow);
  ASSERT_TRUE(store_.Metadata("cpu").has_value());
  EXPECT_EQ(store_.Metadata("cpu")->help, "second");
  EXPECT_FALSE(store_.Metadata("mem").has_value());
}

TEST_F(SeriesStoreTest, MetadataIsCappedAsSeriesAre) {
  store_.SetLimits({2, minutes(60)});
  SampleBatch batch(Origin::kJson);
  for (const char* name : {"one", "two", "three"}) {
    batch.AddMetadata({name, MetricType::kGauge, "first", "", ""});
  }
  batch.AddMetadata({"one", MetricType::kGauge, "second", "", ""});
  store_.Append(batch, kNow);
  EXPECT_FALSE(store_.Metadata("three").has_value());
  EXPECT_TRUE(store_.Metadata("two").has_value());
  EXPECT_EQ(store_.Metadata("one")->help, "second");  // a known one still changes
}

TEST_F(SeriesStoreTest, CountsNanOfSeriesThatRulesLookAt) {
  const auto counted = [this] {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name == "tocsin_rule_nan_samples_total") return family.metric[0].counter.value;
    }
    return -1.0;
  };
  store_.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)), kNow);
  Append(Labels{{"__name__", "mem"}}, kNow, NormalNan());
  Append(cpu_a_, kNow, 1);
  Append(cpu_b_, kNow, StaleNan());
  EXPECT_EQ(counted(), 0);
  Append(cpu_a_, kNow + seconds(1), NormalNan());
  EXPECT_EQ(counted(), 1);
}

TEST_F(SeriesStoreTest, ASeriesThatComesBackAfterPruningHasItsRules) {
  store_.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)), kNow);
  Append(cpu_a_, kNow - minutes(50), 1);
  store_.Prune(kNow + minutes(15));
  signals_.taken.clear();
  Append(cpu_a_, kNow + minutes(15), 99);
  ASSERT_EQ(signals_.taken.size(), 1U);
  EXPECT_EQ(signals_.taken[0].kind, Signal::Kind::kViolating);
}

TEST_F(SeriesStoreTest, EveryRuleOfASeriesSeesItsSamples) {
  auto low = CpuRule("low");
  low->threshold = 10;
  store_.SetWatchMaker(
      std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule("high"), low}, minutes(5)), kNow);
  Append(cpu_a_, kNow, 50);
  ASSERT_EQ(signals_.taken.size(), 2U);
  EXPECT_EQ(signals_.taken[0].kind, Signal::Kind::kGood);
  EXPECT_EQ(signals_.taken[1].kind, Signal::Kind::kViolating);
}

TEST_F(SeriesStoreTest, ThreadsMayAppendQueryPruneAndChangeRulesAtOnce) {
  class IgnoredSignals final : public SignalSink {
   public:
    void Take(std::vector<Signal>) override {}
  } ignored;
  MetricRegistry registry;
  SeriesStore store(StoreLimits{}, ignored, registry);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 2'000; ++i) {
        SampleBatch batch(Origin::kJson);
        batch.Add(Labels{{"__name__", "cpu"}, {"host", std::to_string(i % 50)}},
                  {kNow + Duration(i), static_cast<double>(i % 100 + t)});
        store.Append(batch, kNow);
      }
    });
  }
  threads.emplace_back([&store] {
    for (int i = 0; i < 50; ++i) {
      store.SetWatchMaker(std::make_shared<RuleIndex>(RuleIndex::Rules{CpuRule()}, minutes(5)),
                          kNow);
      store.Prune(kNow);
      store.Latest({}, kNow - minutes(5));
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store.series_count(), 50U);
}

}  // namespace
}  // namespace tocsin::evaluator
