#include "exporter/scrape/page_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/number.h"

namespace tocsin::scrape {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Timestamp kNow = FromUnixMillis(1'700'000'000'000);
const Labels kTarget{{"job", "node"}, {"instance", "h:1"}};

// One target whose pages are read one after the other.
class Pages {
 public:
  PageReport Read(std::string_view page) {
    batch.Clear();
    PageReport report = ReadPage(page, rules, &cache, &batch);
    if (report.status.ok()) {
      EXPECT_EQ(report.series.size(), batch.size());
      read = Lines();
      added = cache.CommitPage(rules.timestamp, &batch);
    } else {
      cache.FailPage(rules.timestamp, &batch);
    }
    rules.timestamp += std::chrono::seconds(10);
    return report;
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const SampleBatch::Item& item : batch.items()) {
      lines.push_back(batch.labels(item).ToString() + " " + FormatFloat(item.sample.value));
    }
    return lines;
  }

  PageRules rules{kTarget, false, true, 0, kNow};
  ScrapeCache cache;
  SampleBatch batch{Origin::kScrape, SameTime::kRefuse};
  std::vector<std::string> read;  // of the last good page, without markers
  std::size_t added = 0;
};

TEST(PageReader, AddsTheLabelsOfTheTarget) {
  Pages pages;
  const PageReport report = pages.Read("a 1\nb{x=\"1\"} 2\n");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.samples, 2U);
  EXPECT_THAT(pages.read, ElementsAre("a{instance=\"h:1\", job=\"node\"} 1",
                                      "b{instance=\"h:1\", job=\"node\", x=\"1\"} 2"));
}

TEST(PageReader, ReadsAKnownLineAsItReadItFirst) {
  Pages pages;
  pages.Read("a{job=\"app\"} 1\n");
  EXPECT_EQ(pages.added, 1U);
  pages.Read("a{job=\"app\"} 2\n");
  EXPECT_EQ(pages.added, 0U);
  EXPECT_EQ(pages.cache.lines(), 1U);
  EXPECT_THAT(pages.read,
              ElementsAre("a{exported_job=\"app\", instance=\"h:1\", job=\"node\"} 2"));
}

TEST(PageReader, HonorsTheLabelsOfThePageIfTold) {
  Pages pages;
  pages.rules.honor_labels = true;
  pages.Read("a{job=\"app\"} 1\n");
  EXPECT_THAT(pages.read, ElementsAre("a{instance=\"h:1\", job=\"app\"} 1"));
}

TEST(PageReader, NeedsNoFinalNewline) {
  Pages pages;
  EXPECT_TRUE(pages.Read("a 1").status.ok());
  EXPECT_EQ(pages.read.size(), 1U);
}

TEST(PageReader, TakesAnEmptyPage) {
  Pages pages;
  const PageReport report = pages.Read("");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.samples, 0U);
  EXPECT_THAT(pages.read, IsEmpty());
}

TEST(PageReader, StampsSamplesWithTheTimeOfTheScrape) {
  Pages pages;
  pages.Read("a 1\n");
  EXPECT_EQ(pages.batch.items().at(0).sample.timestamp, kNow);
}

TEST(PageReader, TakesThePagesOwnTimes) {
  Pages pages;
  pages.Read("a 1 1699999999000\n");
  EXPECT_EQ(pages.batch.items().at(0).sample.timestamp, FromUnixMillis(1'699'999'999'000));
}

TEST(PageReader, IgnoresOwnTimesIfTold) {
  Pages pages;
  pages.rules.honor_timestamps = false;
  pages.Read("a 1 1699999999000\n");
  EXPECT_EQ(pages.batch.items().at(0).sample.timestamp, kNow);
}

TEST(PageReader, LeavesOutWhatLiesTooFarAhead) {
  Pages pages;
  const std::int64_t ten_minutes = ToUnixMillis(kNow) + 10 * 60 * 1000;
  const PageReport report = pages.Read("a 1 " + std::to_string(ten_minutes) + "\nb 1 " +
                                       std::to_string(ten_minutes + 1) + "\n");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.samples, 2U);
  EXPECT_EQ(report.too_new, 1U);
  EXPECT_THAT(pages.read, ElementsAre(HasSubstr("a{")));
}

TEST(PageReader, SurvivesTheLargestTimestamp) {
  Pages pages;
  EXPECT_EQ(pages.Read("a 1 9223372036854775807\n").too_new, 1U);
}

TEST(PageReader, KeepsTheFirstOfASeriesThatStandsThereTwice) {
  Pages pages;
  const PageReport report =
      pages.Read("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\na{x=\"1\",y=\"2\"} 3\n");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.samples, 3U);
  EXPECT_EQ(report.duplicates, 2U);
  ASSERT_EQ(pages.read.size(), 1U);
  EXPECT_THAT(pages.read[0], HasSubstr("} 1"));
}

TEST(PageReader, FindsDuplicatesAmongKnownLinesToo) {
  Pages pages;
  pages.Read("a 1\n");
  const PageReport report = pages.Read("a 2\na 3\n");
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_THAT(pages.read, ElementsAre("a{instance=\"h:1\", job=\"node\"} 2"));
}

TEST(PageReader, LetsNoPageOverwriteSyntheticSeries) {
  Pages pages;
  pages.cache.AddSynthetic(Labels{{"__name__", "up"}, {"job", "node"}, {"instance", "h:1"}});
  const PageReport report = pages.Read("up 0\na 1\n");
  EXPECT_TRUE(report.status.ok());
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_THAT(pages.read, ElementsAre("a{instance=\"h:1\", job=\"node\"} 1"));
}

TEST(PageReader, SpellsBucketsAndQuantilesInOneWay) {
  Pages pages;
  pages.Read(
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e+01\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
      "# TYPE s summary\ns{quantile=\"1\"} 1\n");
  EXPECT_THAT(pages.read, ElementsAre(HasSubstr("le=\"1.0\""), HasSubstr("le=\"10.0\""),
                                      HasSubstr("le=\"+Inf\""), HasSubstr("quantile=\"1.0\"")));
}

TEST(PageReader, LeavesTheSpellingOfOtherTypesAlone) {
  Pages pages;
  pages.Read(
      "# TYPE g gauge\ng{le=\"1\",quantile=\"1\"} 1\n# TYPE h histogram\nh{quantile=\"2\"} 1\n"
      "# TYPE s summary\ns{le=\"3\"} 1\n");
  EXPECT_THAT(pages.read, ElementsAre(HasSubstr("le=\"1\", quantile=\"1\""),
                                      HasSubstr("quantile=\"2\""), HasSubstr("le=\"3\"")));
}

TEST(PageReader, TellsTheStoreOfTypesAndHelpsOnce) {
  Pages pages;
  const std::string page = "# HELP a What a\\\\b is.\n# TYPE a counter\na 1\n";
  pages.Read(page);
  ASSERT_EQ(pages.batch.metadata().size(), 1U);
  EXPECT_EQ(pages.batch.metadata()[0].name, "a");
  EXPECT_EQ(pages.batch.metadata()[0].type, MetricType::kCounter);
  EXPECT_EQ(pages.batch.metadata()[0].help, "What a\\b is.");
  pages.Read(page);
  EXPECT_THAT(pages.batch.metadata(), IsEmpty());
}

TEST(PageReader, RefusesTheWholePageForOneBadLine) {
  Pages pages;
  const PageReport report = pages.Read("a 1\nb one\nc 1\n");
  ASSERT_FALSE(report.status.ok());
  EXPECT_THAT(report.status.message(), HasSubstr("line 2"));
  EXPECT_EQ(report.samples, 1U);
}

TEST(PageReader, TakesAPageThatJustFitsItsSampleLimit) {
  Pages pages;
  pages.rules.sample_limit = 2;
  EXPECT_TRUE(pages.Read("a 1\nb 1\n").status.ok());
}

TEST(PageReader, RefusesAPageBeyondItsSampleLimitAndTellsItsSize) {
  Pages pages;
  pages.rules.sample_limit = 2;
  const PageReport report = pages.Read("a 1\nb 1\nc 1\nd 1\n");
  ASSERT_FALSE(report.status.ok());
  EXPECT_THAT(report.status.message(), HasSubstr("4 samples"));
  EXPECT_THAT(report.status.message(), HasSubstr("sample_limit is 2"));
  EXPECT_EQ(report.samples, 4U);
}

TEST(PageReader, RemembersNoLinesBeyondTheSampleLimit) {
  Pages pages;
  pages.rules.sample_limit = 2;
  pages.Read("a 1\nb 1\nc 1\nd 1\n");
  EXPECT_EQ(pages.cache.lines(), 2U);
}

TEST(PageReader, NeverMakesAStaleMarkerOfANan) {
  Pages pages;
  pages.Read("a NaN\n");
  const double value = pages.batch.items().at(0).sample.value;
  EXPECT_TRUE(std::isnan(value));
  EXPECT_FALSE(IsStaleNan(value));
}

// Staleness, as far as it hangs on the page.

TEST(PageReader, EndsASeriesThatLeftThePage) {
  Pages pages;
  pages.Read("a 1\nb 1\n");
  pages.Read("b 1\n");
  ASSERT_EQ(pages.batch.size(), 2U);
  const SampleBatch::Item& marker = pages.batch.items()[1];
  EXPECT_EQ(pages.batch.labels(marker).metric_name(), "a");
  EXPECT_TRUE(IsStaleNan(marker.sample.value));
  EXPECT_EQ(marker.sample.timestamp, kNow + std::chrono::seconds(10));
}

TEST(PageReader, EndsNoSeriesThatHadTimesOfItsOwn) {
  Pages pages;
  pages.Read("a 1 1699999999000\n");
  pages.Read("");
  EXPECT_THAT(pages.Lines(), IsEmpty());
}

TEST(PageReader, EndsASeriesWhoseOwnTimesWereIgnored) {
  Pages pages;
  pages.rules.honor_timestamps = false;
  pages.Read("a 1 1699999999000\n");
  pages.Read("");
  ASSERT_EQ(pages.batch.size(), 1U);
  EXPECT_TRUE(IsStaleNan(pages.batch.items()[0].sample.value));
}

TEST(PageReader, KeepsASeriesThatIsSpelledAnotherWayNow) {
  Pages pages;
  pages.Read("a{x=\"1\",y=\"2\"} 1\n");
  pages.Read("a{y=\"2\",x=\"1\"} 2\n");
  EXPECT_EQ(pages.added, 0U);
  ASSERT_EQ(pages.batch.size(), 1U);
  EXPECT_EQ(pages.batch.items()[0].sample.value, 2);
}

}  // namespace
}  // namespace tocsin::scrape
