// The labels of a scraped sample: whose stands where both sides have one, and how bounds are spelt.
#include "exporter/scrape/sample_labels.h"

#include <vector>

namespace tocsin::scrape {
namespace {

std::string Merge(const std::vector<Label>& scraped, const Labels& target, bool honor_labels) {
  LabelsBuilder builder;
  MergeLabels("a", scraped, target, honor_labels, &builder);
  return builder.Build().ToString();
}

const Labels& TargetLabels() {
  static const Labels kLabels{{"instance", "web:80"}, {"job", "app"}};
  return kLabels;
}

TEST(SampleLabels, AreThoseOfThePageAndThoseOfTheTarget) {
  EXPECT_EQ(Merge({{"x", "1"}}, TargetLabels(), false),
            R"(a{instance="web:80", job="app", x="1"})");
  EXPECT_EQ(Merge({{"x", "1"}}, TargetLabels(), true), R"(a{instance="web:80", job="app", x="1"})");
}

TEST(SampleLabels, LeaveOutTheEmptyOnesOfThePage) {
  EXPECT_EQ(Merge({{"x", ""}}, TargetLabels(), false), R"(a{instance="web:80", job="app"})");
}

TEST(SampleLabels, KeepThePagesAsExportedWithoutHonorLabels) {
  EXPECT_EQ(Merge({{"job", "own"}}, TargetLabels(), false),
            R"(a{exported_job="own", instance="web:80", job="app"})");
}

TEST(SampleLabels, DropAnEmptyOneOfThePageForTheTargetsWithoutHonorLabels) {
  EXPECT_EQ(Merge({{"job", ""}}, TargetLabels(), false), R"(a{instance="web:80", job="app"})");
}

TEST(SampleLabels, LetThePagesStandWithHonorLabels) {
  EXPECT_EQ(Merge({{"job", "own"}}, TargetLabels(), true), R"(a{instance="web:80", job="own"})");
}

TEST(SampleLabels, LetEvenAnEmptyOneOfThePageStandWithHonorLabels) {
  EXPECT_EQ(Merge({{"instance", ""}}, TargetLabels(), true), R"(a{job="app"})");
}

TEST(SampleLabels, RepeatThePrefixUntilTheNameIsFree) {
  EXPECT_EQ(Merge({{"job", "own"}, {"exported_job", "other"}}, Labels{{"job", "app"}}, false),
            R"(a{exported_exported_job="own", exported_job="other", job="app"})");
}

// https://github.com/prometheus/prometheus/blob/main/scrape/scrape_test.go
// (TestScrapeLoopAppendForConflictingPrefixedLabels)
TEST(SampleLabels, RenameTheShorterNameFirstWhereBothCollide) {
  const Labels target{{"foo", "t1"}, {"exported_foo", "t2"}};
  EXPECT_EQ(
      Merge({{"exported_foo", "s2"}, {"foo", "s1"}}, target, false),
      R"(a{exported_exported_exported_foo="s2", exported_exported_foo="s1", exported_foo="t2", )"
      R"(foo="t1"})");
}

TEST(SampleLabels, StartFromNothingInAUsedBuilder) {
  LabelsBuilder builder;
  MergeLabels("a", {{"x", "1"}}, TargetLabels(), false, &builder);
  MergeLabels("b", {}, Labels{{"job", "app"}}, false, &builder);
  EXPECT_EQ(builder.Build().ToString(), R"(b{job="app"})");
}

TEST(FloatLabel, HasADecimalPointWhereItIsWhole) {
  EXPECT_EQ(NormaliseFloatLabel("1"), "1.0");
  EXPECT_EQ(NormaliseFloatLabel("10"), "10.0");
  EXPECT_EQ(NormaliseFloatLabel("-5"), "-5.0");
  EXPECT_EQ(NormaliseFloatLabel("0"), "0.0");
  EXPECT_EQ(NormaliseFloatLabel("-0"), "0.0");
}

TEST(FloatLabel, IsTheSameForEverySpellingOfANumber) {
  for (const std::string_view spelling : {"10", "10.0", "10.00", "1e1", "1E+01", "+10", "1e+01"}) {
    EXPECT_EQ(NormaliseFloatLabel(spelling), "10.0") << spelling;
  }
  for (const std::string_view spelling : {"0.25", ".25", "2.5e-1", "0.250"}) {
    EXPECT_EQ(NormaliseFloatLabel(spelling), "0.25") << spelling;
  }
}

TEST(FloatLabel, TakesAnExponentFromAMillionOnAndBelowATenThousandth) {
  EXPECT_EQ(NormaliseFloatLabel("100000"), "100000.0");
  EXPECT_EQ(NormaliseFloatLabel("1000000"), "1e+06");
  EXPECT_EQ(NormaliseFloatLabel("1234567"), "1.234567e+06");
  EXPECT_EQ(NormaliseFloatLabel("0.0001"), "0.0001");
  EXPECT_EQ(NormaliseFloatLabel("0.00001"), "1e-05");
  EXPECT_EQ(NormaliseFloatLabel("1e100"), "1e+100");
}

TEST(FloatLabel, SpellsTheInfinitiesAndNanInOneWay) {
  EXPECT_EQ(NormaliseFloatLabel("+Inf"), "+Inf");
  EXPECT_EQ(NormaliseFloatLabel("inf"), "+Inf");
  EXPECT_EQ(NormaliseFloatLabel("-Infinity"), "-Inf");
  EXPECT_EQ(NormaliseFloatLabel("nan"), "NaN");
}

TEST(FloatLabel, StaysAsItIsWhereItIsNoNumber) {
  EXPECT_EQ(NormaliseFloatLabel("ten"), "ten");
  EXPECT_EQ(NormaliseFloatLabel("1 "), "1 ");
  EXPECT_EQ(NormaliseFloatLabel("1e400"), "1e400");
}

}  // namespace
}  // namespace tocsin::scrape
