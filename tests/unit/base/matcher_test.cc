#include "base/matcher.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

Matcher Regex(std::string value) {
  return *Matcher::Make("l", Matcher::Op::kRegex, std::move(value));
}

TEST(Matcher, RegularExpressionsAreAnchoredAtBothEnds) {
  EXPECT_TRUE(Regex("a.c").Matches("abc"));
  EXPECT_FALSE(Regex("a.c").Matches("xabc"));
  EXPECT_FALSE(Regex("a.c").Matches("abcx"));
  EXPECT_FALSE(Regex("a|b").Matches("ax"));  // the alternation is anchored as a whole
}

TEST(Matcher, TheDotMatchesANewline) { EXPECT_TRUE(Regex("a.c").Matches("a\nc")); }

TEST(Matcher, AnAbsentLabelIsEmpty) {
  const Labels labels{{"job", "node"}};
  EXPECT_TRUE(Matcher::Equal("zone", "").Matches(labels));
  EXPECT_TRUE(Matcher::Make("zone", Matcher::Op::kNotEqual, "a")->Matches(labels));
  EXPECT_TRUE(Matcher::Make("zone", Matcher::Op::kRegex, ".*")->Matches(labels));
  EXPECT_FALSE(Matcher::Make("zone", Matcher::Op::kRegex, ".+")->Matches(labels));
  EXPECT_TRUE(Matcher::Make("zone", Matcher::Op::kNotRegex, ".+")->Matches(labels));
}

TEST(Matcher, ABadExpressionIsRefusedWithTheReason) {
  const Result<Matcher> bad = Matcher::Make("l", Matcher::Op::kRegex, "a(");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.message().find("a("), std::string::npos) << bad.message();
  EXPECT_FALSE(Matcher::Make("l", Matcher::Op::kRegex, "a\\C").ok());
  EXPECT_TRUE(Matcher::Make("l", Matcher::Op::kRegex, "a\\\\C").ok());
  EXPECT_FALSE(Matcher::Make("l", Matcher::Op::kRegex, "(a{1000}){1000}").ok());
}

TEST(Matcher, EveryMatcherOfAListMustMatch) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(MatchesAll({Matcher::Equal("a", "1"), Matcher::Equal("b", "2")}, labels));
  EXPECT_FALSE(MatchesAll({Matcher::Equal("a", "1"), Matcher::Equal("b", "3")}, labels));
  EXPECT_TRUE(MatchesAll({}, labels));
}

TEST(Matcher, PrintsAsInASelector) {
  EXPECT_EQ(Matcher::Equal("a", "x\"y").ToString(), R"(a="x\"y")");
  EXPECT_EQ(Regex("b.*").ToString(), R"(l=~"b.*")");
}

}  // namespace
}  // namespace tocsin
