#include "evaluator/rules/rule_index.h"

#include <gtest/gtest.h>

#include "evaluator/rules/threshold_watch.h"
#include "tests/support/evaluator_builders.h"
#include "tests/unit/evaluator/cpu_series.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using testing::CpuRule;

TEST(RuleIndex, ASeriesGetsTheRulesOfItsNameWhoseMatchersSelectIt) {
  auto for_b = CpuRule("for-b");
  for_b->matchers = {Matcher::Equal("host", "b")};
  auto memory = CpuRule("memory");
  memory->series_name = "mem";
  const RuleIndex index({CpuRule("all"), for_b, memory}, minutes(5));
  const auto watches = index.Make(kCpuSeries, {});
  ASSERT_EQ(watches.size(), 1U);
  EXPECT_EQ(dynamic_cast<const ThresholdWatch&>(*watches[0]).rule().id, "all");
  EXPECT_EQ(index.Make(Labels{{"__name__", "cpu"}, {"host", "b"}}, {}).size(), 2U);
  EXPECT_TRUE(index.Make(Labels{{"__name__", "other"}}, {}).empty());
}

TEST(RuleIndex, ADisabledRuleLooksAtNothingButIsKnown) {
  auto disabled = CpuRule("off");
  disabled->enabled = false;
  const RuleIndex index({disabled}, minutes(5));
  EXPECT_TRUE(index.Make(kCpuSeries, {}).empty());
  EXPECT_NE(index.Find("off"), nullptr);
  EXPECT_EQ(index.Find("never"), nullptr);
}

TEST(RuleIndex, AnUnchangedRuleKeepsItsWatch) {
  const auto rule = CpuRule();
  const auto watches = RuleIndex({rule}, minutes(5)).Make(kCpuSeries, {});
  EXPECT_EQ(RuleIndex({rule}, minutes(5)).Make(kCpuSeries, watches), watches);
}

TEST(RuleIndex, ARuleWithOtherTextsCarriesItsKnowledgeOverAndOneWithAnotherThresholdDoesNot) {
  const auto rule = CpuRule();
  const auto watches = RuleIndex({rule}, minutes(5)).Make(kCpuSeries, {});
  const Timestamp now = FromUnixMillis(1'700'000'000'000);
  Signal signal;
  ASSERT_TRUE(watches[0]->OnSample({now, 90}, now, &signal));

  auto renamed = std::make_shared<ThresholdRule>(*rule);
  renamed->name = "renamed";
  const auto kept = RuleIndex({renamed}, minutes(5)).Make(kCpuSeries, watches);
  EXPECT_FALSE(kept[0]->OnSample({now, 90}, now, &signal));  // knows that it is violating

  auto changed = std::make_shared<ThresholdRule>(*rule);
  changed->threshold = 85;
  const auto fresh = RuleIndex({changed}, minutes(5)).Make(kCpuSeries, watches);
  EXPECT_TRUE(fresh[0]->OnSample({now, 90}, now, &signal));
}

}  // namespace
}  // namespace tocsin::evaluator
