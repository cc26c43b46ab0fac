#include "base/threshold_rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tocsin {
namespace {

bool Violates(Condition condition, double value) {
  ThresholdRule rule;
  rule.condition = condition;
  rule.threshold = 10;
  return rule.Violates(value);
}

TEST(ThresholdRule, ComparesAsItsSymbolSays) {
  EXPECT_TRUE(Violates(Condition::kGreater, 10.5));
  EXPECT_FALSE(Violates(Condition::kGreater, 10));
  EXPECT_TRUE(Violates(Condition::kGreaterEqual, 10));
  EXPECT_TRUE(Violates(Condition::kLess, 9));
  EXPECT_FALSE(Violates(Condition::kLess, 10));
  EXPECT_TRUE(Violates(Condition::kLessEqual, 10));
  EXPECT_TRUE(Violates(Condition::kEqual, 10));
  EXPECT_FALSE(Violates(Condition::kEqual, 10.0000001));
  EXPECT_TRUE(Violates(Condition::kNotEqual, 11));
  EXPECT_FALSE(Violates(Condition::kNotEqual, 10));
}

TEST(ThresholdRule, NanSatisfiesNoConditionAndInfinitiesCompareAsUsual) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= static_cast<int>(Condition::kNotEqual); ++i) {
    EXPECT_FALSE(Violates(static_cast<Condition>(i), nan)) << i;
  }
  EXPECT_TRUE(Violates(Condition::kGreater, infinity));
  EXPECT_TRUE(Violates(Condition::kLess, -infinity));
}

TEST(Severity, IsReadInAnyCaseAndWarningMeansMedium) {
  EXPECT_EQ(ParseSeverity("CRITICAL"), Severity::kCritical);
  EXPECT_EQ(ParseSeverity("warning"), Severity::kMedium);
  EXPECT_FALSE(ParseSeverity("urgent").has_value());
  EXPECT_EQ(SeverityName(Severity::kHigh), "high");
  EXPECT_EQ(PrometheusSeverityName(Severity::kHigh), "critical");
  EXPECT_EQ(PrometheusSeverityName(Severity::kLow), "warning");
}

TEST(Condition, ReadsItsOwnSymbolsOnly) {
  for (int i = 0; i <= static_cast<int>(Condition::kNotEqual); ++i) {
    const auto condition = static_cast<Condition>(i);
    EXPECT_EQ(ParseCondition(ConditionSymbol(condition)), condition);
  }
  EXPECT_FALSE(ParseCondition("=").has_value());
  EXPECT_FALSE(ParseCondition("=>").has_value());
}

TEST(ThresholdRule, OtherTextsAreTheSameConditionAnotherThresholdIsNot) {
  ThresholdRule a;
  a.series_name = "m";
  ThresholdRule b = a;
  b.name = "renamed";
  b.severity = Severity::kCritical;
  b.duration = std::chrono::seconds(5);
  EXPECT_TRUE(a.SameCondition(b));
  b.threshold = 1;
  EXPECT_FALSE(a.SameCondition(b));
  b = a;
  b.matchers.push_back(Matcher::Equal("host", "x"));
  EXPECT_FALSE(a.SameCondition(b));
}

}  // namespace
}  // namespace tocsin
