#include "exporter/scrape/sample_labels.h"

namespace tocsin::scrape {
namespace {

std::string Merged(const std::vector<Label>& scraped, const Labels& target, bool honor_labels) {
  LabelsBuilder builder;
  MergeLabels("a", scraped, target, honor_labels, &builder);
  return builder.Build().ToString();
}

constexpr bool kHonor = true;
constexpr bool kTargetWins = false;

TEST(SampleLabels, JoinsWhatDoesNotConflict) {
  EXPECT_EQ(Merged({{"x", "1"}}, Labels{{"job", "node"}}, kTargetWins), R"(a{job="node", x="1"})");
  EXPECT_EQ(Merged({{"x", "1"}}, Labels{{"job", "node"}}, kHonor), R"(a{job="node", x="1"})");
}

TEST(SampleLabels, KeepsAConflictingLabelAsExported) {
  EXPECT_EQ(Merged({{"job", "app"}}, Labels{{"job", "node"}}, kTargetWins),
            R"(a{exported_job="app", job="node"})");
}

TEST(SampleLabels, RepeatsThePrefixUntilTheNameIsFree) {
  EXPECT_EQ(Merged({{"job", "app"}, {"exported_job", "x"}}, Labels{{"job", "node"}}, kTargetWins),
            R"(a{exported_exported_job="app", exported_job="x", job="node"})");
}

TEST(SampleLabels, LooksForAFreeNameAmongTheTargetsLabelsToo) {
  EXPECT_EQ(Merged({{"job", "app"}}, Labels{{"exported_job", "t"}, {"job", "node"}}, kTargetWins),
            R"(a{exported_exported_job="app", exported_job="t", job="node"})");
}

TEST(SampleLabels, MovesEachOfTwoConflictsToANameOfItsOwn) {
  EXPECT_EQ(Merged({{"job", "1"}, {"exported_job", "2"}},
                   Labels{{"exported_job", "t"}, {"job", "node"}}, kTargetWins),
            R"(a{exported_exported_exported_job="2", exported_exported_job="1", )"
            R"(exported_job="t", job="node"})");
}

TEST(SampleLabels, LetsThePagesLabelStandIfHonored) {
  EXPECT_EQ(Merged({{"job", "app"}}, Labels{{"job", "node"}}, kHonor), R"(a{job="app"})");
}

TEST(SampleLabels, LetsAnEmptyLabelOfThePageRemoveTheTargetsIfHonored) {
  EXPECT_EQ(Merged({{"job", ""}}, Labels{{"instance", "h"}, {"job", "node"}}, kHonor),
            R"(a{instance="h"})");
}

TEST(SampleLabels, DropsAnEmptyLabelOfThePageIfNotHonored) {
  EXPECT_EQ(Merged({{"job", ""}, {"x", ""}}, Labels{{"job", "node"}}, kTargetWins),
            R"(a{job="node"})");
}

TEST(SampleLabels, StartsAnew) {
  LabelsBuilder builder;
  MergeLabels("a", {{"x", "1"}}, Labels{{"job", "node"}}, kTargetWins, &builder);
  MergeLabels("b", {{"y", "1"}}, Labels{{"job", "node"}}, kTargetWins, &builder);
  EXPECT_EQ(builder.Build().ToString(), R"(b{job="node", y="1"})");
}

// The examples are those of the migration guide and of Go's strconv.FormatFloat(f, 'g', -1, 64).
TEST(NormaliseFloatLabel, SpellsWholeNumbersWithAFraction) {
  EXPECT_EQ(NormaliseFloatLabel("1"), "1.0");
  EXPECT_EQ(NormaliseFloatLabel("1e+01"), "10.0");
  EXPECT_EQ(NormaliseFloatLabel("10"), "10.0");
  EXPECT_EQ(NormaliseFloatLabel("0"), "0.0");
  EXPECT_EQ(NormaliseFloatLabel("-5"), "-5.0");
}

TEST(NormaliseFloatLabel, SpellsFractionsShortest) {
  EXPECT_EQ(NormaliseFloatLabel("0.250"), "0.25");
  EXPECT_EQ(NormaliseFloatLabel(".5"), "0.5");
  EXPECT_EQ(NormaliseFloatLabel("2.5e-1"), "0.25");
}

TEST(NormaliseFloatLabel, LeavesASpellingAloneThatIsTheOneAlready) {
  for (const char* value : {"1.0", "0.25", "0.99", "+Inf", "-Inf", "1e-05", "0.0001"}) {
    EXPECT_EQ(NormaliseFloatLabel(value), value);
  }
}

TEST(NormaliseFloatLabel, SpellsInfinityWithItsSign) {
  EXPECT_EQ(NormaliseFloatLabel("Inf"), "+Inf");
  EXPECT_EQ(NormaliseFloatLabel("+inf"), "+Inf");
}

TEST(NormaliseFloatLabel, LeavesWhatIsNoNumberAlone) {
  EXPECT_EQ(NormaliseFloatLabel("often"), "often");
  EXPECT_EQ(NormaliseFloatLabel("1s"), "1s");
}

}  // namespace
}  // namespace tocsin::scrape
