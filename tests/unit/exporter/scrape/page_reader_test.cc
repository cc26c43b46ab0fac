// A target's page to samples: which are kept, under which labels, at which time, and what a cache
// that knows the page changes about it (nothing).
#include "exporter/scrape/page_reader.h"

#include "tests/unit/exporter/scrape/batch_text.h"

namespace tocsin::scrape {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Millis(Timestamp at) { return std::to_string(ToUnixMillis(at)); }

class PageReaderTest : public ::testing::Test {
 protected:
  // A page that is committed when it is good, failed when it is not.
  PageReport Read(std::string_view page) {
    batch_.Clear();
    PageReport report = ReadPage(page, rules_, &cache_, &batch_);
    page_items_ = ItemsOf(batch_);
    SampleBatch end(Origin::kScrape);
    if (report.status.ok()) {
      added_ = cache_.CommitPage(rules_.timestamp, &end);
    } else {
      cache_.FailPage(rules_.timestamp, &end);
    }
    markers_ = ItemsOf(end);
    metadata_ = end.metadata();
    return report;
  }
  std::vector<std::string> Items(std::string_view page) {
    const PageReport report = Read(page);
    EXPECT_TRUE(report.status.ok()) << report.status.message();
    EXPECT_EQ(report.series.size(), page_items_.size());
    return page_items_;
  }

  Labels target_labels_{{"job", "app"}};
  PageRules rules_{target_labels_, false, true, 0, kNow};
  ScrapeCache cache_;
  SampleBatch batch_{Origin::kScrape};
  std::vector<std::string> page_items_;
  std::vector<std::string> markers_;
  std::vector<FamilyMetadata> metadata_;
  std::size_t added_ = 0;
};

TEST_F(PageReaderTest, ReadsSamplesInThePagesOrderUnderTheTargetsLabels) {
  EXPECT_THAT(Items("b{x=\"1\"} 2\na 1.5\n"),
              ElementsAre(R"(b{job="app", x="1"} 2)", R"(a{job="app"} 1.5)"));
}

TEST_F(PageReaderTest, ReadsAnEmptyPage) {
  const PageReport report = Read("");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.samples, 0U);
}

TEST_F(PageReaderTest, ReadsAKnownPageAsItReadItFirst) {
  const std::string page =
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"
      "a{job=\"own\",x=\"\\\"\"} 4\n";
  const std::vector<std::string> first = Items(page);
  EXPECT_EQ(added_, 5U);
  EXPECT_EQ(Items(page), first);
  EXPECT_EQ(added_, 0U);
  EXPECT_EQ(cache_.lines(), 5U);
}

TEST_F(PageReaderTest, ReadsTheNewValuesOfAKnownPage) {
  Items("a{x=\"1\"} 1\n");
  EXPECT_THAT(Items("a{x=\"1\"} NaN\n"), ElementsAre(R"(a{job="app", x="1"} NaN)"));
}

// Two lines are the same only if their bytes are: a blank more is a new line of a known series.
TEST_F(PageReaderTest, FindsAKnownSeriesInANewSpelling) {
  Items("a{x=\"1\",y=\"2\"} 1\n");
  EXPECT_THAT(Items("a{ y=\"2\", x=\"1\" } 2\n"), ElementsAre(R"(a{job="app", x="1", y="2"} 2)"));
  EXPECT_EQ(added_, 0U);
  EXPECT_THAT(markers_, IsEmpty());
}

TEST_F(PageReaderTest, TellsTheSeriesThatEachItemBelongsTo) {
  const PageReport report = Read("a 1\nb 2\n");
  ASSERT_EQ(report.series.size(), 2U);
  EXPECT_EQ(report.series[0]->labels.ToString(), R"(a{job="app"})");
  EXPECT_EQ(report.series[1]->labels.ToString(), R"(b{job="app"})");
}

// --- duplicates ---

TEST_F(PageReaderTest, KeepsTheFirstOfTwoSamplesOfASeries) {
  const PageReport report = Read("a 1\na 2\nb 3\n");
  EXPECT_THAT(page_items_, ElementsAre(R"(a{job="app"} 1)", R"(b{job="app"} 3)"));
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.samples, 3U);
}

TEST_F(PageReaderTest, SeesADuplicateInAnotherSpelling) {
  for (int round = 0; round < 2; ++round) {  // new, then known
    const PageReport report = Read("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n");
    EXPECT_THAT(page_items_, ElementsAre(R"(a{job="app", x="1", y="2"} 1)"));
    EXPECT_EQ(report.duplicates, 1U);
    EXPECT_EQ(report.series.size(), 1U);
  }
}

TEST_F(PageReaderTest, CountsASampleNamedAsASyntheticSeriesAsADuplicate) {
  cache_.AddSynthetic(Labels{{"__name__", "up"}, {"job", "app"}});
  const PageReport report = Read("up 7\na 1\n");
  EXPECT_THAT(page_items_, ElementsAre(R"(a{job="app"} 1)"));
  EXPECT_EQ(report.duplicates, 1U);
}

// --- labels ---

TEST_F(PageReaderTest, ExportsAConflictingLabelWithoutHonorLabels) {
  EXPECT_THAT(Items("a{job=\"own\"} 1\n"), ElementsAre(R"(a{exported_job="own", job="app"} 1)"));
}

TEST_F(PageReaderTest, KeepsAConflictingLabelWithHonorLabels) {
  rules_.honor_labels = true;
  EXPECT_THAT(Items("a{job=\"own\"} 1\nb{job=\"\"} 2\n"), ElementsAre(R"(a{job="own"} 1)", "b 2"));
}

TEST_F(PageReaderTest, WritesTheBoundsOfHistogramsInOneWay) {
  EXPECT_THAT(
      Items("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e+01\"} 2\n"
            "h_bucket{le=\"+Inf\"} 3\n"),
      ElementsAre(R"(h_bucket{job="app", le="1.0"} 1)", R"(h_bucket{job="app", le="10.0"} 2)",
                  R"(h_bucket{job="app", le="+Inf"} 3)"));
}

TEST_F(PageReaderTest, WritesTheQuantilesOfSummariesInOneWay) {
  EXPECT_THAT(
      Items("# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\".5\"} 2\n"),
      ElementsAre(R"(s{job="app", quantile="1.0"} 1)", R"(s{job="app", quantile="0.5"} 2)"));
}

TEST_F(PageReaderTest, LeavesTheseLabelsAloneInOtherFamilies) {
  EXPECT_THAT(Items("a{le=\"1\"} 1\n# TYPE g gauge\ng{le=\"1\",quantile=\"1\"} 2\n"
                    "# TYPE s summary\ns{le=\"1\"} 3\n# TYPE h histogram\nh{quantile=\"1\"} 4\n"),
              ElementsAre(R"(a{job="app", le="1"} 1)", R"(g{job="app", le="1", quantile="1"} 2)",
                          R"(s{job="app", le="1"} 3)", R"(h{job="app", quantile="1"} 4)"));
}

TEST_F(PageReaderTest, TakesTwoSpellingsOfABoundForOneSeries) {
  const PageReport report =
      Read("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 2\n");
  EXPECT_THAT(page_items_, ElementsAre(R"(h_bucket{job="app", le="1.0"} 1)"));
  EXPECT_EQ(report.duplicates, 1U);
}

// --- time ---

TEST_F(PageReaderTest, StampsSamplesWithTheTimeOfTheScrape) {
  Items("a 1\n");
  EXPECT_EQ(batch_.items()[0].sample.timestamp, kNow);
}

TEST_F(PageReaderTest, KeepsASamplesOwnTimeWithHonorTimestamps) {
  Items("a 1 " + Millis(kNow - std::chrono::seconds(3)) + "\n");
  EXPECT_EQ(batch_.items()[0].sample.timestamp, kNow - std::chrono::seconds(3));
}

TEST_F(PageReaderTest, OverridesASamplesOwnTimeWithoutHonorTimestamps) {
  rules_.honor_timestamps = false;
  const PageReport report = Read("a 1 " + Millis(kNow - std::chrono::seconds(3)) + "\nb 2 " +
                                 Millis(kNow + std::chrono::hours(1)) + "\n");
  ASSERT_EQ(batch_.size(), 2U);
  EXPECT_EQ(batch_.items()[0].sample.timestamp, kNow);
  EXPECT_EQ(batch_.items()[1].sample.timestamp, kNow);
  EXPECT_EQ(report.too_new, 0U);
}

TEST_F(PageReaderTest, LeavesOutWhatLiesMoreThanTenMinutesAhead) {
  const Timestamp limit = kNow + std::chrono::minutes(10);
  const PageReport report =
      Read("a 1 " + Millis(limit) + "\nb 2 " + Millis(limit + Duration(1)) + "\nc 3\n");
  EXPECT_THAT(page_items_, ElementsAre(R"(a{job="app"} 1)", R"(c{job="app"} 3)"));
  EXPECT_EQ(report.too_new, 1U);
  EXPECT_EQ(report.samples, 3U);
  EXPECT_EQ(report.series.size(), 2U);
}

TEST_F(PageReaderTest, LeavesOutTheLatestTimeThereIs) {
  EXPECT_EQ(Read("a 1 9223372036854775807\n").too_new, 1U);
}

TEST_F(PageReaderTest, LetsASampleWithItsOwnTimeEndItself) {
  Items("a 1 " + Millis(kNow) + "\nb 2\n");
  Items("");
  EXPECT_THAT(markers_, ElementsAre(R"(b{job="app"} stale)"));
}

TEST_F(PageReaderTest, EndsASampleWhoseOwnTimeIsNotHonoured) {
  rules_.honor_timestamps = false;
  Items("a 1 " + Millis(kNow) + "\n");
  Items("");
  EXPECT_THAT(markers_, ElementsAre(R"(a{job="app"} stale)"));
}

// A target that begins to say when: the last value that it did not stamp is no longer its word.
TEST_F(PageReaderTest, LeavesASeriesToItselfOnceItHasItsOwnTime) {
  Items("a 1\n");
  Items("a 1 " + Millis(kNow) + "\n");
  EXPECT_THAT(markers_, IsEmpty());
  Items("");
  EXPECT_THAT(markers_, IsEmpty());
}

// --- limits and errors ---

TEST_F(PageReaderTest, TakesAPageOfAsManySamplesAsItsLimit) {
  rules_.sample_limit = 2;
  EXPECT_EQ(Items("a 1\nb 2\n").size(), 2U);
}

TEST_F(PageReaderTest, RefusesAPageBeyondItsSampleLimitAndTellsItsSize) {
  rules_.sample_limit = 2;
  for (int round = 0; round < 2; ++round) {
    const PageReport report = Read("a 1\nb 2\nc 3\nd 4\n");
    ASSERT_FALSE(report.status.ok());
    EXPECT_THAT(report.status.message(),
                AllOf(HasSubstr("sample_limit"), HasSubstr("2"), HasSubstr("4 samples")));
    EXPECT_EQ(report.samples, 4U);
  }
}

TEST_F(PageReaderTest, RefusesAPageWithAnErrorAsAWhole) {
  const PageReport report = Read("a 1\nb{x=1} 2\nc 3\n");
  ASSERT_FALSE(report.status.ok());
  EXPECT_THAT(report.status.message(), AllOf(HasSubstr("line 2"), HasSubstr("b{x=1} 2")));
  EXPECT_EQ(report.samples, 1U);
}

TEST_F(PageReaderTest, NamesTheErrorOfAPageThatIsBeyondItsLimitToo) {
  rules_.sample_limit = 1;
  EXPECT_THAT(Read("a 1\nb 2\nc\n").status.message(), HasSubstr("line 3"));
}

TEST_F(PageReaderTest, RefusesASampleOfTooManyLabels) {
  std::string page = "a{";
  for (int i = 0; i < 65; ++i) page += "l" + std::to_string(i) + "=\"1\",";
  EXPECT_THAT(Read(page + "} 1\n").status.message(), HasSubstr("labels_per_sample"));
}

TEST_F(PageReaderTest, GoesOnAfterABadPage) {
  Items("a 1\n");
  EXPECT_FALSE(Read("a 1\nb\n").status.ok());
  EXPECT_THAT(markers_, ElementsAre(R"(a{job="app"} stale)"));
  EXPECT_THAT(Items("a 1\n"), ElementsAre(R"(a{job="app"} 1)"));
  EXPECT_EQ(added_, 1U);
}

// --- metadata ---

TEST_F(PageReaderTest, TellsTypeAndHelpOfFamilies) {
  Items("# HELP a How \\\\ many.\n# TYPE a counter\na 1\n");
  ASSERT_EQ(metadata_.size(), 1U);
  EXPECT_EQ(metadata_[0].name, "a");
  EXPECT_EQ(metadata_[0].type, MetricType::kCounter);
  EXPECT_EQ(metadata_[0].help, "How \\ many.");
  Items("# HELP a How \\\\ many.\n# TYPE a counter\na 2\n");
  EXPECT_THAT(metadata_, IsEmpty());
}

}  // namespace
}  // namespace tocsin::scrape
