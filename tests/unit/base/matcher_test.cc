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

TEST(Matcher, TheDotMatchesNoNewlineWhereThatIsAskedFor) {
  const Matcher matcher =
      *Matcher::Make("l", Matcher::Op::kRegex, "a.c", Matcher::Dot::kAnyButNewline);
  EXPECT_TRUE(matcher.Matches("abc"));
  EXPECT_FALSE(matcher.Matches("a\nc"));
}

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

TEST(ParseMatcher, ReadsWhatPromqlAndAlertmanagerWrite) {
  for (const auto& [text, canonical] : std::vector<std::pair<std::string, std::string>>{
           {R"(mountpoint!="")", R"(mountpoint!="")"},
           {R"( queue =~ "a|b" )", R"(queue=~"a|b")"},
           {"host=web-1", R"(host="web-1")"},
           {R"(job!~"x.*")", R"(job!~"x.*")"},
           {R"(path="a\\b\"c\nd")", R"(path="a\\b\"c\nd")"},
           {R"(query="a=b")", R"(query="a=b")"}}) {
    const Result<Matcher> matcher = ParseMatcher(text);
    ASSERT_TRUE(matcher.ok()) << text << ": " << matcher.message();
    EXPECT_EQ(matcher->ToString(), canonical);
  }
}

TEST(ParseMatcher, RefusesEverythingElseWithThePlace) {
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {"", "a label name is expected at byte 1"},
           {"host", "one of = != =~ !~ is expected at byte 5"},
           {"1host=\"a\"", "a label name is expected"},
           {"host~\"a\"", "one of = != =~ !~ is expected at byte 5"},
           {"host=", "a value is expected, in double quotes at byte 6"},
           {"host=a b", "a value is expected"},
           {"host=a, job=b", "a value is expected"},
           {"host=\"a", "one text in double quotes"},
           {"host=\"a\" x", "one text in double quotes"},
           {"host=\"a\\x\"", "one text in double quotes"},
           {"host=\"a\", job=\"b\"", "one text in double quotes"},
           {"host=~\"(\"", "invalid regular expression"}}) {
    const Result<Matcher> matcher = ParseMatcher(text);
    ASSERT_FALSE(matcher.ok()) << text;
    EXPECT_NE(matcher.message().find(words), std::string::npos)
        << text << ": " << matcher.message();
  }
}

}  // namespace
}  // namespace tocsin
