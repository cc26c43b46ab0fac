// What a target showed before: lines to series, staleness, metadata, and how it stays small.
#include "exporter/scrape/scrape_cache.h"

#include "tests/unit/exporter/scrape/batch_text.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Labels Named(const std::string& name) { return Labels{{"__name__", name}}; }

class ScrapeCacheTest : public ::testing::Test {
 protected:
  // A page of series without labels, each in a line of its own.
  void Show(const std::vector<std::string>& names, bool tracked = true) {
    cache_.BeginPage();
    for (const std::string& name : names) {
      ScrapeCache::Series* series = cache_.FindLine(name);
      if (series == nullptr) series = cache_.AddLine(name, Named(name));
      cache_.MarkSeen(series, tracked);
    }
  }
  // The markers of a page, which is good.
  std::vector<std::string> Commit(const std::vector<std::string>& names, bool tracked = true) {
    Show(names, tracked);
    SampleBatch batch(Origin::kScrape);
    added_ = cache_.CommitPage(kNow, &batch);
    return ItemsOf(batch);
  }
  // The markers of a page, which is bad.
  std::vector<std::string> Fail(const std::vector<std::string>& names) {
    Show(names);
    SampleBatch batch(Origin::kScrape);
    cache_.FailPage(kNow, &batch);
    return ItemsOf(batch);
  }
  std::vector<std::string> End() {
    SampleBatch batch(Origin::kScrape);
    cache_.EndAll(kNow, &batch);
    return ItemsOf(batch);
  }
  std::vector<FamilyMetadata> CommitMetadata() {
    SampleBatch batch(Origin::kScrape);
    cache_.CommitPage(kNow, &batch);
    return batch.metadata();
  }

  ScrapeCache cache_;
  std::size_t added_ = 0;
};

TEST_F(ScrapeCacheTest, KnowsALineOnceItWasAdded) {
  cache_.BeginPage();
  EXPECT_EQ(cache_.FindLine("a{x=\"1\"}"), nullptr);
  ScrapeCache::Series* const series = cache_.AddLine("a{x=\"1\"}", Named("a"));
  EXPECT_EQ(series->labels.ToString(), "a");
  EXPECT_EQ(cache_.FindLine("a{x=\"1\"}"), series);
  EXPECT_EQ(cache_.FindLine("a{x=\"2\"}"), nullptr);
}

TEST_F(ScrapeCacheTest, LeadsTwoSpellingsToOneSeries) {
  cache_.BeginPage();
  ScrapeCache::Series* const series = cache_.AddLine("a", Named("a"));
  EXPECT_EQ(cache_.AddLine("a{}", Named("a")), series);
  EXPECT_TRUE(cache_.MarkSeen(series, true));
  EXPECT_FALSE(cache_.MarkSeen(series, true));
}

TEST_F(ScrapeCacheTest, SeesASeriesAgainInTheNextPage) {
  Commit({"a"});
  cache_.BeginPage();
  EXPECT_TRUE(cache_.MarkSeen(cache_.FindLine("a"), true));
}

TEST_F(ScrapeCacheTest, CountsTheSeriesThatTheLastGoodPageLacked) {
  Commit({"a", "b"});
  EXPECT_EQ(added_, 2U);
  Commit({"b", "c"});
  EXPECT_EQ(added_, 1U);
  Commit({"a", "b", "c"});
  EXPECT_EQ(added_, 1U);
  Fail({});
  Commit({"a", "b", "c"});
  EXPECT_EQ(added_, 3U);
}

TEST_F(ScrapeCacheTest, MarksAVanishedSeriesStaleOnce) {
  EXPECT_THAT(Commit({"a", "b"}), IsEmpty());
  EXPECT_THAT(Commit({"b"}), ElementsAre("a stale"));
  EXPECT_THAT(Commit({"b"}), IsEmpty());
}

TEST_F(ScrapeCacheTest, StampsMarkersAsItIsTold) {
  Commit({"a"});
  Show({});
  SampleBatch batch(Origin::kScrape);
  cache_.CommitPage(kNow + Duration(7), &batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch.items()[0].sample.timestamp, kNow + Duration(7));
}

TEST_F(ScrapeCacheTest, MarksEverythingStaleForABadPageOnce) {
  Commit({"a", "b"});
  EXPECT_THAT(Fail({"a"}), UnorderedElementsAre("a stale", "b stale"));
  EXPECT_THAT(Fail({"a"}), IsEmpty());
}

TEST_F(ScrapeCacheTest, NeverMarksWhatOnlyABadPageShowed) {
  EXPECT_THAT(Fail({"a"}), IsEmpty());
  EXPECT_THAT(Commit({}), IsEmpty());
}

TEST_F(ScrapeCacheTest, MarksNothingThatHasItsOwnTime) {
  Commit({"a"}, /*tracked=*/false);
  EXPECT_THAT(Commit({}), IsEmpty());
  Commit({"a"}, /*tracked=*/false);
  EXPECT_THAT(Fail({}), IsEmpty());
}

TEST_F(ScrapeCacheTest, KeepsSyntheticSeriesFromThePage) {
  cache_.AddSynthetic(Named("up"));
  cache_.BeginPage();
  EXPECT_FALSE(cache_.MarkSeen(cache_.AddLine("up", Named("up")), true));
}

TEST_F(ScrapeCacheTest, EndsSyntheticSeriesOnlyWithTheTarget) {
  cache_.AddSynthetic(Named("up"));
  Commit({"a"});
  EXPECT_THAT(Commit({}), ElementsAre("a stale"));
  EXPECT_EQ(added_, 0U);
  EXPECT_THAT(Fail({}), IsEmpty());
  Commit({"a"});
  EXPECT_THAT(End(), UnorderedElementsAre("a stale", "up stale"));
  EXPECT_THAT(End(), IsEmpty());
}

TEST_F(ScrapeCacheTest, KeepsSyntheticSeriesForTheEndHoweverLongItTakes) {
  cache_.AddSynthetic(Named("up"));
  for (int page = 0; page < 30; ++page) Commit({"a"});
  EXPECT_THAT(End(), UnorderedElementsAre("a stale", "up stale"));
}

TEST_F(ScrapeCacheTest, TellsMetadataOnceAndAgainWhenTheyChange) {
  cache_.BeginPage();
  cache_.SetType("a", MetricType::kCounter);
  cache_.SetHelp("a", "How many.");
  std::vector<FamilyMetadata> told = CommitMetadata();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].name, "a");
  EXPECT_EQ(told[0].type, MetricType::kCounter);
  EXPECT_EQ(told[0].help, "How many.");

  cache_.BeginPage();
  cache_.SetType("a", MetricType::kCounter);
  cache_.SetHelp("a", "How many.");
  EXPECT_THAT(CommitMetadata(), IsEmpty());

  cache_.BeginPage();
  cache_.SetType("a", MetricType::kCounter);
  cache_.SetHelp("a", "How many more.");
  told = CommitMetadata();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].help, "How many more.");
}

TEST_F(ScrapeCacheTest, KeepsTheMetadataOfABadPageForAGoodOne) {
  cache_.BeginPage();
  cache_.SetType("a", MetricType::kGauge);
  SampleBatch batch(Origin::kScrape);
  cache_.FailPage(kNow, &batch);
  EXPECT_THAT(batch.metadata(), IsEmpty());
  cache_.BeginPage();
  cache_.SetType("a", MetricType::kGauge);
  EXPECT_EQ(CommitMetadata().size(), 1U);
}

TEST_F(ScrapeCacheTest, KeepsALineThatIsAwayForAWhile) {
  Commit({"a", "b"});
  for (int page = 0; page < 5; ++page) Commit({"b"});
  EXPECT_EQ(cache_.lines(), 2U);
}

TEST_F(ScrapeCacheTest, ForgetsALineThatIsAwayForLong) {
  Commit({"a", "b"});
  for (int page = 0; page < 30; ++page) Commit({"b"});
  EXPECT_EQ(cache_.lines(), 1U);
  EXPECT_THAT(Commit({"a", "b"}), IsEmpty());
  EXPECT_EQ(added_, 1U);
}

std::vector<std::string> Names(const std::string& prefix, int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

TEST_F(ScrapeCacheTest, StaysSmallWhenEachPageShowsNewLines) {
  for (int page = 0; page < 8; ++page) {
    Commit(Names("page" + std::to_string(page) + "_line", 1500));
    EXPECT_LE(cache_.lines(), 4000U);
  }
}

TEST_F(ScrapeCacheTest, MarksEachSeriesOfSuchPagesStale) {
  Commit(Names("first", 1500));
  EXPECT_EQ(Commit(Names("second", 1500)).size(), 1500U);
  EXPECT_EQ(Commit(Names("third", 1500)).size(), 1500U);
}

TEST_F(ScrapeCacheTest, KeepsTheLinesOfALargePageOverABadOne) {
  Commit(Names("line", 5000));
  EXPECT_EQ(Fail({"line0"}).size(), 5000U);
  EXPECT_EQ(cache_.lines(), 5000U);
}

TEST_F(ScrapeCacheTest, StaysSmallWhenEachBadPageShowsNewLines) {
  for (int page = 0; page < 8; ++page) {
    Fail(Names("page" + std::to_string(page) + "_line", 1500));
    EXPECT_LE(cache_.lines(), 2500U);
  }
}

TEST_F(ScrapeCacheTest, KeepsSeriesAndTheirStalenessWhenLinesAreForgotten) {
  Commit({"a", "b"});
  cache_.ForgetLines();
  EXPECT_EQ(cache_.lines(), 0U);
  EXPECT_THAT(Commit({"a"}), ElementsAre("b stale"));
  EXPECT_EQ(added_, 0U);
}

}  // namespace
}  // namespace tocsin::scrape
