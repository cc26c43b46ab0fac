#include "exporter/exposition/writer.h"

#include <limits>
#include <string>
#include <vector>

#include "base/number.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/openmetrics_model.h"
#include "exporter/exposition/text_parser.h"
#include "tests/unit/exporter/exposition/family_text.h"

namespace tocsin::exposition {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Family MakeFamily(std::string name, MetricType type, std::vector<Point> points,
                  std::string help = "") {
  Family family;
  family.metadata.name = std::move(name);
  family.metadata.type = type;
  family.metadata.help = std::move(help);
  family.points = std::move(points);
  return family;
}

Point MakePoint(std::string name, Labels labels, double value) {
  Point point;
  point.name = std::move(name);
  point.labels = std::move(labels);
  point.value = value;
  return point;
}

std::string OpenMetrics(std::vector<Family> families, std::size_t dropped = 0) {
  Arrange(&families);
  std::string out;
  EXPECT_EQ(WriteOpenMetrics(std::move(families), &out), dropped);
  return out;
}

// Families as a page of the text format says them: shorter to read than structs.
std::vector<Family> Read(std::string_view page) {
  Result<std::vector<Family>> families = ParseFamilies(page, Dialect::kScrape);
  EXPECT_TRUE(families.ok()) << families.message();
  return families ? *std::move(families) : std::vector<Family>();
}

// --- text 0.0.4 ---

TEST(TextWriter, WritesHelpTypeAndPointsOfSortedFamilies) {
  EXPECT_EQ(TextOf({MakeFamily("b", MetricType::kCounter, {MakePoint("b", {}, 2)}),
                    MakeFamily("a", MetricType::kGauge,
                               {MakePoint("a", {{"x", "2"}}, 4), MakePoint("a", {{"x", "1"}}, 3)},
                               "Help of a.")}),
            "# HELP a Help of a.\n"
            "# TYPE a gauge\n"
            "a{x=\"1\"} 3\n"
            "a{x=\"2\"} 4\n"
            "# TYPE b counter\n"
            "b 2\n");
}

TEST(TextWriter, EscapesHelpAndLabelValues) {
  EXPECT_EQ(TextOf({MakeFamily("a", MetricType::kGauge,
                               {MakePoint("a", {{"x", "back\\slash \"quote\"\nline"}}, 1)},
                               "back\\slash \"quote\"\nline")}),
            "# HELP a back\\\\slash \"quote\"\\nline\n"
            "# TYPE a gauge\n"
            "a{x=\"back\\\\slash \\\"quote\\\"\\nline\"} 1\n");
}

TEST(TextWriter, SpellsValuesShortAndSpecialOnesAsPrometheusDoes) {
  std::vector<Point> points;
  int n = 0;
  for (const double v :
       {0.1 + 0.2, 1e6, 9007199254740991.0, 1e300, kInf, -kInf, NormalNan(), -0.5}) {
    points.push_back(MakePoint("a", {{"n", std::to_string(n++)}}, v));
  }
  EXPECT_EQ(TextOf({MakeFamily("a", MetricType::kUnknown, points)}),
            "# TYPE a untyped\n"
            "a{n=\"0\"} 0.30000000000000004\n"
            "a{n=\"1\"} 1000000\n"
            "a{n=\"2\"} 9007199254740991\n"
            "a{n=\"3\"} 1e+300\n"
            "a{n=\"4\"} +Inf\n"
            "a{n=\"5\"} -Inf\n"
            "a{n=\"6\"} NaN\n"
            "a{n=\"7\"} -0.5\n");
}

TEST(TextWriter, KeepsHistogramsTogetherWithBucketsByNumber) {
  EXPECT_EQ(TextOf(Read("# TYPE h histogram\n"
                        "h_count{x=\"2\"} 9\nh_sum{x=\"1\"} 5\nh_bucket{x=\"1\",le=\"+Inf\"} 3\n"
                        "h_bucket{x=\"1\",le=\"10\"} 2\nh_bucket{x=\"1\",le=\"2.5\"} 1\n"
                        "h_count{x=\"1\"} 3\nh_bucket{x=\"2\",le=\"+Inf\"} 9\nh_sum{x=\"2\"} 1\n")),
            "# TYPE h histogram\n"
            "h_bucket{le=\"2.5\",x=\"1\"} 1\n"
            "h_bucket{le=\"10\",x=\"1\"} 2\n"
            "h_bucket{le=\"+Inf\",x=\"1\"} 3\n"
            "h_sum{x=\"1\"} 5\n"
            "h_count{x=\"1\"} 3\n"
            "h_bucket{le=\"+Inf\",x=\"2\"} 9\n"
            "h_sum{x=\"2\"} 1\n"
            "h_count{x=\"2\"} 9\n");
}

TEST(TextWriter, AddsTheMissingInfBucketFromTheCount) {
  EXPECT_EQ(TextOf(Read("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_count 5\n")),
            "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 5\nh_count 5\n");
}

TEST(TextWriter, AddsTheMissingInfBucketFromTheHighestBucketWhereThereIsNoCount) {
  EXPECT_EQ(
      TextOf(Read("# TYPE h histogram\nh_bucket{le=\"5\"} 4\nh_bucket{le=\"1\"} 2\n")),
      "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"5\"} 4\nh_bucket{le=\"+Inf\"} 4\n");
}

TEST(TextWriter, WritesQuantilesByNumberThenSumAndCount) {
  EXPECT_EQ(
      TextOf(Read("# TYPE s summary\ns_count 3\ns{quantile=\"0.99\"} 2\ns_sum 4\n"
                  "s{quantile=\"0.5\"} 1\n")),
      "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.99\"} 2\ns_sum 4\ns_count 3\n");
}

TEST(TextWriter, ShowsAnEmptyInstanceWherePushedSeriesHaveNone) {
  Point without = MakePoint("a", {{"host", "h"}, {"job", "x"}}, 1);
  Point bare = MakePoint("a", {}, 2);
  Point last = MakePoint("a", {{"cpu", "0"}}, 3);
  Point with = MakePoint("a", {{"instance", "i"}, {"job", "x"}}, 4);
  for (Point* point : {&without, &bare, &last, &with}) point->show_empty_instance = true;
  Family family = MakeFamily("a", MetricType::kGauge, {without, bare, last, with});
  std::string out;
  WriteTextFamily(family, &out);
  EXPECT_EQ(out,
            "# TYPE a gauge\n"
            "a{host=\"h\",instance=\"\",job=\"x\"} 1\n"
            "a{instance=\"\"} 2\n"
            "a{cpu=\"0\",instance=\"\"} 3\n"
            "a{instance=\"i\",job=\"x\"} 4\n");
}

TEST(TextWriter, WritesTimestampsInMilliseconds) {
  Family family = MakeFamily("a", MetricType::kGauge, {MakePoint("a", {}, 1)});
  family.points[0].timestamp_ms = 1700000000123;
  EXPECT_EQ(TextOf({family}), "# TYPE a gauge\na 1 1700000000123\n");
}

TEST(TextWriter, LeavesOutFamiliesWithoutPoints) {
  EXPECT_EQ(TextOf({MakeFamily("a", MetricType::kGauge, {}, "text")}), "");
}

TEST(TextWriter, IsReadBackAsItWas) {
  const std::string page =
      "# HELP a Text with \\\\ and \\n.\n"
      "# TYPE a gauge\n"
      "a{x=\"\\\\ \\\" \\n\"} 0.1\n"
      "a{y=\"\xc3\xa9\"} NaN\n"
      "# TYPE h histogram\n"
      "h_bucket{le=\"0.1\"} 1\n"
      "h_bucket{le=\"+Inf\"} 2\n"
      "h_sum 1e-07\n"
      "h_count 2\n"
      "# TYPE u untyped\n"
      "u 1e+300\n";
  EXPECT_EQ(TextOf(Read(page)), page);
  for (const Dialect dialect : {Dialect::kPush, Dialect::kScrape}) {
    EXPECT_TRUE(ParseFamilies(TextOf(Read(page)), dialect).ok());
  }
}

TEST(Arrange, KeepsTheFirstOfEqualSeries) {
  std::vector<Family> families = {MakeFamily(
      "a", MetricType::kGauge,
      {MakePoint("a", {{"x", "1"}}, 1), MakePoint("a", {}, 2), MakePoint("a", {{"x", "1"}}, 3)})};
  EXPECT_EQ(Arrange(&families), 1U);
  ASSERT_EQ(families[0].points.size(), 2U);
  EXPECT_EQ(families[0].points[1].value, 1);
}

TEST(Arrange, FindsEqualBucketsBetweenOtherSpellingsOfTheirBound) {
  std::vector<Family> families = Read(
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 2\nh_bucket{le=\"1\"} 3\n"
      "h_bucket{le=\"+Inf\"} 4\n");
  EXPECT_EQ(Arrange(&families), 1U);
  EXPECT_EQ(families[0].points.size(), 3U);
}

TEST(Arrange, SurvivesBoundsThatHaveNoOrder) {
  std::vector<Family> families = Read(
      "# TYPE h histogram\nh_bucket{le=\"NaN\"} 1\nh_bucket{le=\"x\"} 2\nh_bucket{le=\"1\"} 3\n"
      "h_bucket 4\n");
  EXPECT_EQ(Arrange(&families), 0U);
  EXPECT_EQ(families[0].points.size(), 5U);  // and +Inf
  EXPECT_EQ(families[0].points[0].labels.Get("le"), "1");
}

// --- OpenMetrics 1.0.0 ---

TEST(OpenMetricsWriter, NamesACountersFamilyWithoutTotalAndEndsWithEof) {
  EXPECT_EQ(
      OpenMetrics(Read("# HELP a_total Say \"a\" \\\\.\n# TYPE a_total counter\na_total 1\n")),
      "# TYPE a counter\n"
      "# HELP a Say \\\"a\\\" \\\\.\n"
      "a_total 1\n"
      "# EOF\n");
}

TEST(OpenMetricsWriter, IsAnEofForNoFamilies) { EXPECT_EQ(OpenMetrics({}), "# EOF\n"); }

TEST(OpenMetricsWriter, ExposesACounterWithoutTotalAsUnknown) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a counter\na 1\n")), "# TYPE a unknown\na 1\n# EOF\n");
  EXPECT_EQ(OpenMetrics(Read("# TYPE _total counter\n_total 1\n")),
            "# TYPE _total unknown\n_total 1\n# EOF\n");
}

TEST(OpenMetricsWriter, ExposesACounterAsUnknownWhereItsShortNameIsTaken) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 2\n")),
            "# TYPE a gauge\na 1\n# TYPE a_total unknown\na_total 2\n# EOF\n");
}

TEST(OpenMetricsWriter, ExposesCountersBelowZeroAsUnknown) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a_total counter\na_total -1\n")),
            "# TYPE a_total unknown\na_total -1\n# EOF\n");
  EXPECT_EQ(OpenMetrics(Read("# TYPE a_total counter\na_total NaN\n")),
            "# TYPE a_total unknown\na_total NaN\n# EOF\n");
}

TEST(OpenMetricsWriter, SpellsBoundsCanonically) {
  EXPECT_EQ(
      OpenMetrics(Read("# TYPE h histogram\n"
                       "h_bucket{le=\"0.00001\"} 0\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2.50\"} 1\n"
                       "h_bucket{le=\"100000\"} 1\nh_bucket{le=\"1000000\"} 2\n"
                       "h_bucket{le=\"1234567\"} 2\nh_bucket{le=\"inf\"} 3\nh_sum 4\nh_count 3\n")),
      "# TYPE h histogram\n"
      "h_bucket{le=\"1e-05\"} 0\n"
      "h_bucket{le=\"1.0\"} 1\n"
      "h_bucket{le=\"2.5\"} 1\n"
      "h_bucket{le=\"100000.0\"} 1\n"
      "h_bucket{le=\"1e+06\"} 2\n"
      "h_bucket{le=\"1.234567e+06\"} 2\n"
      "h_bucket{le=\"+Inf\"} 3\n"
      "h_sum 4\n"
      "h_count 3\n"
      "# EOF\n");
  EXPECT_EQ(OpenMetrics(Read("# TYPE s summary\ns{quantile=\"1\"} 2\ns{quantile=\"0\"} 1\n")),
            "# TYPE s summary\ns{quantile=\"0.0\"} 1\ns{quantile=\"1.0\"} 2\n# EOF\n");
}

TEST(OpenMetricsWriter, WritesTimestampsInSeconds) {
  Family family = MakeFamily("a", MetricType::kGauge, {MakePoint("a", {}, 1)});
  family.points[0].timestamp_ms = 1700000000123;
  EXPECT_EQ(OpenMetrics({family}), "# TYPE a gauge\na 1 1700000000.123\n# EOF\n");
}

TEST(OpenMetricsWriter, WritesAUnitOnlyWhereTheNameEndsInIt) {
  Family good = MakeFamily("a_seconds", MetricType::kGauge, {MakePoint("a_seconds", {}, 1)});
  good.metadata.unit = "seconds";
  Family bad = MakeFamily("b", MetricType::kGauge, {MakePoint("b", {}, 1)});
  bad.metadata.unit = "seconds";
  EXPECT_EQ(OpenMetrics({good, bad}),
            "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# TYPE b gauge\nb 1\n# "
            "EOF\n");
}

TEST(OpenMetricsWriter, JoinsCreationTimesToTheMetricsThatTheyAreAbout) {
  // What the Python client pushes in the text format.
  EXPECT_EQ(
      OpenMetrics(Read("# TYPE a_total counter\na_total{x=\"1\"} 1.0\na_total{x=\"2\"} 2.0\n"
                       "# TYPE a_created gauge\na_created{x=\"2\"} 20.5\na_created{x=\"1\"} 10.5\n"
                       "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"
                       "# TYPE h_created gauge\nh_created 30\n")),
      "# TYPE a counter\n"
      "a_total{x=\"1\"} 1\n"
      "a_created{x=\"1\"} 10.5\n"
      "a_total{x=\"2\"} 2\n"
      "a_created{x=\"2\"} 20.5\n"
      "# TYPE h histogram\n"
      "h_bucket{le=\"+Inf\"} 1\n"
      "h_sum 1\n"
      "h_count 1\n"
      "h_created 30\n"
      "# EOF\n");
}

TEST(OpenMetricsWriter, LeavesACreationTimeOfNothingAlone) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a_created gauge\na_created 1\n")),
            "# TYPE a_created gauge\na_created 1\n# EOF\n");
}

TEST(OpenMetricsWriter, DropsCreationTimesOfSeriesThatTheFamilyDoesNotHave) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a_total counter\na_total{x=\"1\"} 1\n"
                             "# TYPE a_created gauge\na_created{x=\"2\"} 5\n"),
                        1),
            "# TYPE a counter\na_total{x=\"1\"} 1\n# EOF\n");
}

TEST(OpenMetricsWriter, DropsAFamilyWhoseNameIsPartOfAnother) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE s summary\ns_sum 1\ns_count 1\n"
                             "# TYPE s_count gauge\ns_count{x=\"1\"} 7\n"),
                        1),
            "# TYPE s summary\ns_sum 1\ns_count 1\n# EOF\n");
}

// Histograms and summaries that strict readers would reject a page for.
TEST(OpenMetricsWriter, ExposesBrokenHistogramsAndSummariesAsUnknownSeries) {
  const std::vector<std::string> broken = {
      R"(# TYPE h histogram
h_bucket{le="1"} 3
h_bucket{le="2"} 2
h_bucket{le="+Inf"} 3
)",                                                                         // falls
      "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 1\nh_count 4\n",  // count is another
      "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 1\n",             // no count
      "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1.5\n",                    // no integer
      R"(# TYPE h histogram
h_bucket{le="-1"} 0
h_bucket{le="+Inf"} 1
h_sum 1
h_count 1
)",
      "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum NaN\nh_count 1\n",
      R"(# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="1.0"} 1
h_bucket{le="+Inf"} 1
)",
      "# TYPE h histogram\nh 1\nh_bucket{le=\"+Inf\"} 1\n",
      "# TYPE h histogram\nh_sum 1\n",
      "# TYPE h summary\nh 1\n",  // no quantile
      "# TYPE h summary\nh{quantile=\"1.5\"} 1\n",
      "# TYPE h summary\nh{quantile=\"0.5\"} -1\n",
      "# TYPE h summary\nh_count -1\n",
      "# TYPE h summary\nh_sum NaN\n",
  };
  for (const std::string& page : broken) {
    const std::string out = OpenMetrics(Read(page));
    EXPECT_EQ(out.find("histogram"), std::string::npos) << out;
    EXPECT_EQ(out.find("summary"), std::string::npos) << out;
    EXPECT_NE(out.find(" unknown\n"), std::string::npos) << out;
  }
}

TEST(OpenMetricsWriter, WritesOneUnknownFamilyForEachNameOfABrokenHistogram) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 1\nh_count 4\n")),
            "# TYPE h_bucket unknown\n"
            "h_bucket{le=\"+Inf\"} 3\n"
            "# TYPE h_count unknown\n"
            "h_count 4\n"
            "# TYPE h_sum unknown\n"
            "h_sum 1\n"
            "# EOF\n");
}

// Strict readers reject a page for points of one metric that differ in time, or in having one.
TEST(OpenMetricsWriter, ExposesAHistogramOfSeveralTimesAsUnknownSeries) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1 1000\nh_sum 1 2000\n"
                             "h_count 1 1000\n")),
            "# TYPE h_bucket unknown\nh_bucket{le=\"+Inf\"} 1 1\n"
            "# TYPE h_count unknown\nh_count 1 1\n"
            "# TYPE h_sum unknown\nh_sum 1 2\n"
            "# EOF\n");
  EXPECT_EQ(OpenMetrics(Read("# TYPE s summary\ns{quantile=\"0.5\"} 1 1000\ns_sum 2\n")),
            "# TYPE s unknown\ns{quantile=\"0.5\"} 1 1\n# TYPE s_sum unknown\ns_sum 2\n# EOF\n");
}

TEST(OpenMetricsWriter, KeepsHistogramsWhoseTimesDifferOnlyBetweenSeries) {
  const std::string page =
      "# TYPE h histogram\n"
      "h_bucket{le=\"+Inf\",x=\"1\"} 1 1\nh_sum{x=\"1\"} 1 1\nh_count{x=\"1\"} 1 1\n"
      "h_bucket{le=\"+Inf\",x=\"2\"} 1 2\nh_sum{x=\"2\"} 1 2\nh_count{x=\"2\"} 1 2\n";
  EXPECT_EQ(
      OpenMetrics(Read(
          "# TYPE h histogram\n"
          "h_bucket{le=\"+Inf\",x=\"1\"} 1 1000\nh_sum{x=\"1\"} 1 1000\nh_count{x=\"1\"} 1 1000\n"
          "h_bucket{le=\"+Inf\",x=\"2\"} 1 2000\nh_sum{x=\"2\"} 1 2000\nh_count{x=\"2\"} 1 "
          "2000\n")),
      page + "# EOF\n");
}

TEST(OpenMetricsWriter, GivesACreationTimeTheTimestampOfItsMetric) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE a_total counter\na_total 1 5000\n"
                             "# TYPE a_created gauge\na_created 3\n")),
            "# TYPE a counter\na_total 1 5\na_created 3 5\n# EOF\n");
}

TEST(OpenMetricsWriter, TakesSummariesWithNanQuantiles) {
  EXPECT_EQ(OpenMetrics(Read("# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 0\n")),
            "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 0\ns_count 0\n# EOF\n");
}

}  // namespace
}  // namespace tocsin::exposition
