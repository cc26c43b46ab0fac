#include "evaluator/rules/threshold_watch.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/number.h"
#include "tests/support/evaluator_builders.h"
#include "tests/unit/evaluator/cpu_series.h"

namespace tocsin::evaluator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::CpuRule;

class ThresholdWatchTest : public ::testing::Test {
 protected:
  // The kind of the signal, or nothing.
  std::optional<Signal::Kind> See(double value, Timestamp at = kNow) {
    if (!watch_.OnSample({at, value}, at, &signal_)) return std::nullopt;
    return signal_.kind;
  }

  std::shared_ptr<ThresholdRule> rule_ = [] {
    auto rule = CpuRule();
    rule->duration = seconds(60);
    return rule;
  }();
  ThresholdWatch watch_{rule_, kCpuSeries, minutes(5)};
  Signal signal_;
};

TEST_F(ThresholdWatchTest, SignalsChangesOnlyAndTheFirstKnownState) {
  EXPECT_EQ(See(10), Signal::Kind::kGood);
  EXPECT_EQ(See(20), std::nullopt);
  EXPECT_EQ(See(90), Signal::Kind::kViolating);
  EXPECT_EQ(See(91), std::nullopt);
  EXPECT_EQ(See(80), Signal::Kind::kGood);  // 80 is not > 80
}

TEST_F(ThresholdWatchTest, SignalsOnceThatTheConditionHasHeldByTheSamplesOwnTimes) {
  EXPECT_EQ(See(90, kNow), Signal::Kind::kViolating);
  EXPECT_EQ(See(90, kNow + seconds(59)), std::nullopt);
  EXPECT_EQ(See(90, kNow + seconds(60)), Signal::Kind::kHeld);
  EXPECT_EQ(See(90, kNow + seconds(61)), std::nullopt);
}

TEST_F(ThresholdWatchTest, AGoodSampleInBetweenStartsTheClockAnew) {
  See(90, kNow);
  See(10, kNow + seconds(30));
  EXPECT_EQ(See(90, kNow + seconds(40)), Signal::Kind::kViolating);
  EXPECT_EQ(signal_.since, kNow + seconds(40));
  EXPECT_EQ(See(90, kNow + seconds(70)), std::nullopt);
  EXPECT_EQ(See(90, kNow + seconds(100)), Signal::Kind::kHeld);
}

TEST_F(ThresholdWatchTest, NanIsNoInformationButASignOfLife) {
  See(90);
  EXPECT_EQ(See(NormalNan(), kNow + seconds(10)), std::nullopt);
  EXPECT_EQ(watch_.last_arrival(), kNow + seconds(10));
  EXPECT_EQ(watch_.newest().value, 90);
  EXPECT_EQ(See(91, kNow + seconds(20)), std::nullopt);  // still the same violation
}

TEST_F(ThresholdWatchTest, TheStaleMarkerEndsTheSeriesOnce) {
  See(90);
  EXPECT_EQ(See(StaleNan()), Signal::Kind::kEnded);
  EXPECT_EQ(See(StaleNan()), std::nullopt);
  EXPECT_EQ(See(90), Signal::Kind::kViolating);
}

TEST_F(ThresholdWatchTest, InfinitiesCompareAsUsual) {
  EXPECT_EQ(See(std::numeric_limits<double>::infinity()), Signal::Kind::kViolating);
  EXPECT_EQ(See(-std::numeric_limits<double>::infinity()), Signal::Kind::kGood);
}

TEST_F(ThresholdWatchTest, ASenderWhoseClockIsAheadDoesNotDelayTheAlert) {
  ASSERT_TRUE(watch_.OnSample({kNow + minutes(4), 90}, kNow, &signal_));
  EXPECT_EQ(signal_.since, kNow);
}

TEST_F(ThresholdWatchTest, ASenderWhoseClockIsAheadDoesNotHastenTheAlert) {
  ASSERT_TRUE(watch_.OnSample({kNow + minutes(4), 90}, kNow, &signal_));
  EXPECT_FALSE(watch_.OnSample({kNow + minutes(5), 90}, kNow + seconds(59), &signal_));
  ASSERT_TRUE(watch_.OnSample({kNow + minutes(6), 90}, kNow + seconds(60), &signal_));
  EXPECT_EQ(signal_.kind, Signal::Kind::kHeld);
}

TEST_F(ThresholdWatchTest, AViolatingSampleThatIsStaleOnArrivalIsNoViolation) {
  EXPECT_FALSE(watch_.OnSample({kNow - minutes(5) - Duration(1), 90}, kNow, &signal_));
  EXPECT_TRUE(watch_.OnSample({kNow - minutes(5), 90}, kNow, &signal_));
}

TEST_F(ThresholdWatchTest, AViolationAfterASilenceIsAnotherOne) {
  EXPECT_EQ(See(90, kNow), Signal::Kind::kViolating);
  EXPECT_EQ(See(90, kNow + minutes(5)), Signal::Kind::kViolating);
  EXPECT_EQ(signal_.since, kNow + minutes(5));
  EXPECT_EQ(See(90, kNow + minutes(10) - Duration(1)), Signal::Kind::kHeld);
}

TEST_F(ThresholdWatchTest, ARuleWithoutDurationHasNothingToHold) {
  auto rule = CpuRule();
  ThresholdWatch watch(rule, kCpuSeries, minutes(5));
  EXPECT_TRUE(watch.OnSample({kNow, 90}, kNow, &signal_));
  EXPECT_FALSE(watch.OnSample({kNow + seconds(1), 90}, kNow, &signal_));
}

TEST_F(ThresholdWatchTest, TheFingerprintIsOfRuleAndLabelSet) {
  const ThresholdWatch same(rule_, kCpuSeries, minutes(5));
  const ThresholdWatch other_series(rule_, Labels{{"__name__", "cpu"}, {"host", "b"}}, minutes(5));
  const ThresholdWatch other_rule(CpuRule("another"), kCpuSeries, minutes(5));
  EXPECT_EQ(watch_.fingerprint(), same.fingerprint());
  EXPECT_NE(watch_.fingerprint(), other_series.fingerprint());
  EXPECT_NE(watch_.fingerprint(), other_rule.fingerprint());
}

TEST_F(ThresholdWatchTest, ItsSuccessorKnowsWhatItKnewAndSharesWhatItSees) {
  See(90, kNow);
  auto shorter = std::make_shared<ThresholdRule>(*rule_);
  shorter->duration = seconds(10);
  ThresholdWatch successor(shorter, watch_, minutes(5));
  ASSERT_TRUE(successor.OnSample({kNow + seconds(10), 95}, kNow + seconds(10), &signal_));
  EXPECT_EQ(signal_.kind, Signal::Kind::kHeld);
  EXPECT_EQ(signal_.since, kNow);
  EXPECT_EQ(watch_.newest().value, 95);
  EXPECT_EQ(watch_.last_arrival(), kNow + seconds(10));
  EXPECT_TRUE(successor.SharesKnowledgeWith(watch_));
  EXPECT_FALSE(ThresholdWatch(rule_, kCpuSeries, minutes(5)).SharesKnowledgeWith(watch_));
}

TEST_F(ThresholdWatchTest, CanBeAskedToSignalTheNextViolationAgain) {
  See(90);
  watch_.SignalNextViolation();
  EXPECT_EQ(See(91), Signal::Kind::kViolating);
  EXPECT_EQ(See(92), std::nullopt);
}

TEST_F(ThresholdWatchTest, AnOvertakenSignalIsToldApart) {
  EXPECT_TRUE(watch_.TakeSequence(1));
  EXPECT_TRUE(watch_.TakeSequence(3));
  EXPECT_FALSE(watch_.TakeSequence(2));
  EXPECT_FALSE(watch_.TakeSequence(3));
}

}  // namespace
}  // namespace tocsin::evaluator
