#include "base/matcher_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/base/matcher_builders.h"

namespace tocsin {
namespace {

using Op = Matcher::Op;
using Table = std::vector<std::pair<std::string, std::string>>;

constexpr auto kClassic = MatcherDialect::kClassic;
constexpr auto kUtf8 = MatcherDialect::kUtf8;
constexpr auto kFallback = MatcherDialect::kFallback;

// The matchers in their order, or the message.
std::string Read(const std::string& text, MatcherDialect dialect) {
  const Result<ParsedMatchers> parsed = ParseMatcherList(text, dialect);
  if (!parsed) return parsed.message();
  std::string out;
  for (const Matcher& matcher : parsed->matchers) {
    if (!out.empty()) out += " ";
    out += FormatMatcher(matcher);
  }
  return out;
}

std::vector<std::string> Warnings(const std::string& text) {
  const Result<ParsedMatchers> parsed = ParseMatcherList(text, kFallback);
  return parsed.ok() ? parsed->warnings : std::vector<std::string>{"failed: " + parsed.message()};
}

std::string ReadSingle(const std::string& text, MatcherDialect dialect) {
  const Result<ParsedMatchers> parsed = ParseSingleMatcher(text, dialect);
  return parsed.ok() ? FormatMatcher(parsed->matchers.at(0)) : parsed.message();
}

TEST(ParseMatcherList, ReadsInEveryDialectWhatAllOfThemKnow) {
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    for (const auto& [text, matchers] : Table{
             {"", ""},
             {"{}", ""},
             {" ", ""},
             {R"(a="1")", R"(a="1")"},
             {R"({a="1"})", R"(a="1")"},
             {R"({a="1",b=~"2"})", R"(a="1" b=~"2")"},
             {R"( a = "1" , b != "2" , c =~ "3" , d !~ "4" )", R"(a="1" b!="2" c=~"3" d!~"4")"},
             {R"(a="1",)", R"(a="1")"},
             {R"({a="1", })", R"(a="1")"},
             {"a=b", R"(a="b")"},
             {"a=\u00fcber", "a=\"\u00fcber\""},
             {R"(a="")", R"(a="")"},
             {R"(a="x,y",b="}")", R"(a="x,y" b="}")"},
             {R"(a="\"\n\\")", R"(a="\"\n\\")"},
             {R"(b="1",a="1",b="1")", R"(b="1" a="1" b="1")"},
             {R"(a:b="1")", R"(a:b="1")"},
         }) {
      EXPECT_EQ(Read(text, dialect), matchers) << text;
    }
  }
}

TEST(ParseMatcherList, ClassicTakesWhatItsOneExpressionTakes) {
  for (const auto& [text, matchers] : Table{
           {"a=", R"(a="")"},
           {"{a=,b!=}", R"(a="" b!="")"},
           {"a=b c", R"(a="b c")"},
           {"a={}", R"(a="{")"},       // the last brace goes, whatever it belongs to
           {R"({a="1")", R"(a="1")"},  // neither has to have a partner
           {R"(a="1"})", R"(a="1")"},
           {R"({{a="1"}})", R"(bad matcher format: {a="1"})"},
           {"a=~b=c!d'`", R"(a=~"b=c!d'`")"},
           {R"(a=\"b\")", R"(a="\"b\"")"},                     // escaped quotes need no quotes
           {R"(a="\t\x41\u00e9")", R"(a="\\t\\x41\\u00e9")"},  // other backslashes are literal
           {"a=\\", R"(a="\\")"},
           {"a=\"x\ny\"", R"(a="x\ny")"},  // a raw newline
           {"a =\f~\r", R"(a="~")"},
       }) {
    EXPECT_EQ(Read(text, kClassic), matchers) << text;
  }
}

TEST(ParseMatcherList, ClassicRefusesInAlertmanagersWords) {
  for (const auto& [text, message] : Table{
           {"x", "bad matcher format: x"},
           {"a!b", "bad matcher format: a!b"},
           {"a~b", "bad matcher format: a~b"},
           {"=b", "bad matcher format: =b"},
           {"1a=b", "bad matcher format: 1a=b"},
           {"a.b=c", "bad matcher format: a.b=c"},
           {R"("a"="b")", R"(bad matcher format: "a"="b")"},
           {"\u00fc=b", "bad matcher format: \u00fc=b"},
           {",", "bad matcher format: "},
           {"a=b,,c=d", "bad matcher format: "},
           {R"(a="b)", R"(matcher value contains unescaped double quote: "b)"},
           {R"(a=b")", R"(matcher value contains unescaped double quote: b")"},
           {R"(a="b"c")", R"(matcher value contains unescaped double quote: "b"c")"},
           {R"(a="b\")", R"(matcher value contains unescaped double quote: "b\")"},
           {"a=\"", "matcher value contains unescaped double quote: \""},
           {R"(a="x\,",b="y")", R"(matcher value contains unescaped double quote: "x\,",b="y")"},
           {"a=\xff", R"(matcher value not valid UTF-8: "\xff")"},
       }) {
    EXPECT_EQ(Read(text, kClassic), message) << text;
  }
}

TEST(ParseMatcherList, Utf8TakesAnyNameAndGoLiterals) {
  for (const auto& [text, matchers] : Table{
           {"\u00fc=b", "\u00fc=\"b\""},
           {"a.b/c-d=e", R"(a.b/c-d="e")"},
           {"1=2", R"(1="2")"},
           {"a\\u=b",
            "1:2: \\: invalid input: expected an operator such as '=', '!=', '=~' or '!~'"},
           {R"("a b"="c")", R"("a b"="c")"},
           {R"("a\"b"=c)", R"("a\"b"="c")"},
           {R"("a"="b")", R"(a="b")"},
           {R"(a="\t\x41\u00e9\101")", "a=\"\tA\u00e9A\""},
           {"\u3000a\u00a0=\u2003b", R"(a="b")"},
           {"{a=\U0001F642}", "a=\"\U0001F642\""},
       }) {
    EXPECT_EQ(Read(text, kUtf8), matchers) << text;
  }
}

TEST(ParseMatcherList, Utf8RefusesWithTheColumn) {
  const std::string op = ": expected an operator such as '=', '!=', '=~' or '!~'";
  for (const auto& [text, message] : Table{
           {"a=", "end of input: expected label value"},
           {"a", "end of input" + op},
           {"a b", "2:3: unexpected b" + op},
           {"=b", "0:1: unexpected =: expected label name"},
           {",", "0:1: unexpected ,: expected label name"},
           {"{a=b", "0:4: end of input: expected close brace"},
           {"{", "0:1: end of input: expected close brace"},
           {"a=b}", "0:4: }: expected opening brace"},
           {"}", "0:1: }: expected opening brace"},
           {"{a=b}}", "5:6: }: expected end of input"},
           {"{{a=b}}", "1:2: unexpected {: expected label name"},
           {"a=b c", "4:5: unexpected c: expected a comma or close brace"},
           {"a=b,,", "4:5: unexpected ,: expected a matcher or close brace after comma"},
           {"a={}", "2:3: unexpected {: expected label value"},
           {"a!b", "1:2: !: expected one of '=~'" + op},
           {"a!", "1:2: unexpected end of input, expected one of '=~'" + op},
           {"a~b", "1:2: ~: invalid input" + op},
           {"a='b'", "2:3: ': invalid input: expected label value"},
           {R"(\u00fc="b)", R"(0:1: \: invalid input)"},
           {"\u00fc=\"b", "2:4: \"b: missing end \": expected label value"},
           {R"(a="b\")", R"(2:6: "b\": missing end ": expected label value)"},
           {R"(a="\q")", R"(2:6: "\q": invalid input)"},
           {R"(a="\xff")", R"(2:8: "\xff": invalid input)"},
           {"a=\"x\ny\"", "2:7: \"x\ny\": invalid input"},
           {"a=\xff", R"(matchers are not valid UTF-8: "a=\xff")"},
       }) {
    EXPECT_EQ(Read(text, kUtf8), message) << text;
  }
}

TEST(ParseMatcherList, FallbackTakesWhatBothAgreeOnWithoutAWord) {
  EXPECT_EQ(Read(R"({a="b",c=~"d"})", kFallback), R"(a="b" c=~"d")");
  EXPECT_TRUE(Warnings(R"({a="b",c=~"d"})").empty());
  EXPECT_TRUE(Warnings("{}").empty());
}

TEST(ParseMatcherList, FallbackTakesTheClassicMeaningOfADisagreementAndWarns) {
  EXPECT_EQ(Read(R"(a="\t")", kFallback), R"(a="\\t")");
  const std::vector<std::string> warnings = Warnings(R"(a="\t")");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("disagreement"), std::string::npos) << warnings[0];
}

TEST(ParseMatcherList, FallbackTakesTheUtf8MeaningWhereClassicFails) {
  EXPECT_EQ(Read(R"("a b"=c)", kFallback), R"("a b"="c")");
  EXPECT_TRUE(Warnings(R"("a b"=c)").empty());
}

TEST(ParseMatcherList, FallbackTakesTheClassicMeaningWhereUtf8FailsAndSuggests) {
  EXPECT_EQ(Read("a=,b=x y", kFallback), R"(a="" b="x y")");
  const std::vector<std::string> warnings = Warnings("a=,b=x y");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find(R"(a="",b="x y")"), std::string::npos) << warnings[0];
}

TEST(ParseMatcherList, FallbackFailsWithTheClassicMessage) {
  EXPECT_EQ(Read("x", kFallback), "bad matcher format: x");
  EXPECT_EQ(Read(R"(a="b)", kFallback), R"(matcher value contains unescaped double quote: "b)");
}

TEST(ParseMatcherList, RefusesAnExpressionThatDoesNotCompile) {
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    EXPECT_NE(Read(R"(a=~"(")", dialect).find("invalid regular expression"), std::string::npos);
    EXPECT_EQ(Read(R"(a="(")", dialect), R"(a="(")");
  }
}

TEST(ParseMatcherList, StandsHostileInput) {
  const std::string braces(100'000, '{');
  const std::string commas(100'000, ',');
  const std::string quotes = "a=\"" + std::string(100'000, '\\');
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "a=b,";
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    EXPECT_FALSE(ParseMatcherList(braces, dialect).ok());
    EXPECT_FALSE(ParseMatcherList(commas, dialect).ok());
    EXPECT_FALSE(ParseMatcherList(quotes, dialect).ok());
    EXPECT_FALSE(ParseMatcherList("\xc3", dialect).ok());
    EXPECT_EQ(ParseMatcherList(many, dialect)->matchers.size(), 10'000U);
  }
}

TEST(ParseMatcherList, ItsExpressionsAreAnchoredAndTheirDotIsNoNewline) {
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    const Matcher matcher = ParseMatcherList("a=~x.|y", dialect)->matchers.at(0);
    EXPECT_TRUE(matcher.Matches("xz"));
    EXPECT_TRUE(matcher.Matches("y"));
    EXPECT_FALSE(matcher.Matches("xzz"));
    EXPECT_FALSE(matcher.Matches("yz"));
    EXPECT_FALSE(matcher.Matches("x\n"));
  }
}

TEST(ParseSingleMatcher, TakesOne) {
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    EXPECT_EQ(ReadSingle(R"( a =~ "b" )", dialect), R"(a=~"b")");
    EXPECT_EQ(ReadSingle(R"(a="{b}")", dialect), R"(a="{b}")");
  }
  EXPECT_EQ(ReadSingle("a=", kFallback), R"(a="")");
  EXPECT_EQ(ReadSingle("a=b,c", kClassic), R"(a="b,c")");
  EXPECT_EQ(ReadSingle("\u00fc=1", kFallback), "\u00fc=\"1\"");
  EXPECT_EQ(ReadSingle(R"(a="\t")", kFallback), R"(a="\\t")");
  EXPECT_EQ(ParseSingleMatcher(R"(a="\t")", kFallback)->warnings.size(), 1U);
}

TEST(ParseSingleMatcher, RefusesBracesListsAndNothing) {
  for (const MatcherDialect dialect : {kUtf8, kFallback}) {
    EXPECT_EQ(ReadSingle("{a=b}", dialect), "unexpected open or close brace: {a=b}");
    EXPECT_EQ(ReadSingle("a=b}", dialect), "unexpected open or close brace: a=b}");
    EXPECT_EQ(ReadSingle("{a=b", dialect), "unexpected open or close brace: {a=b");
  }
  EXPECT_EQ(ReadSingle("{a=b}", kClassic), "bad matcher format: {a=b}");
  EXPECT_EQ(ReadSingle("a=b,c=d", kUtf8), "expected 1 matcher, found 2");
  EXPECT_EQ(ReadSingle("", kUtf8), "no matchers");
  EXPECT_EQ(ReadSingle("", kFallback), "bad matcher format: ");
  EXPECT_EQ(ReadSingle("", kClassic), "bad matcher format: ");
}

TEST(FormatMatcher, EscapesThreeCharactersUnlessTheNameNeedsQuotes) {
  EXPECT_EQ(FormatMatcher(MakeMatcher("a", Op::kNotEqual, "x\"\n\\\t\u00a0")),
            "a!=\"x\\\"\\n\\\\\t\u00a0\"");
  EXPECT_EQ(FormatMatcher(MakeMatcher("a b", Op::kRegex, "x\t\u00a0")), R"("a b"=~"x\t\u00a0")");
  EXPECT_EQ(FormatMatcher(MakeMatcher("a\u3000b", Op::kEqual, "")), R"("a\u3000b"="")");
  for (const char c : std::string("{}!=~,\\\"'`")) {
    EXPECT_EQ(FormatMatcher(MakeMatcher(std::string(1, c), Op::kEqual, "")).front(), '"') << c;
  }
  EXPECT_EQ(FormatMatcher(MakeMatcher("\u00fc.-:/", Op::kNotRegex, "")), "\u00fc.-:/!~\"\"");
}

TEST(FormatMatchers, SortsByNameThenValueThenOperator) {
  EXPECT_EQ(FormatMatchers({}), "{}");
  EXPECT_EQ(FormatMatchers({MakeMatcher("b", Op::kEqual, "1"), MakeMatcher("a", Op::kNotRegex, "1"),
                            MakeMatcher("a", Op::kRegex, "1"), MakeMatcher("a", Op::kNotEqual, "1"),
                            MakeMatcher("a", Op::kEqual, "2"), MakeMatcher("a", Op::kEqual, "1"),
                            MakeMatcher("a", Op::kEqual, "10"), MakeMatcher("B", Op::kEqual, "")}),
            R"({B="",a="1",a!="1",a=~"1",a!~"1",a="10",a="2",b="1"})");
}

TEST(IsValidLabelName, DependsOnTheDialect) {
  for (const MatcherDialect dialect : {kClassic, kUtf8, kFallback}) {
    EXPECT_TRUE(IsValidLabelName("_a1", dialect));
    EXPECT_FALSE(IsValidLabelName("", dialect));
    EXPECT_FALSE(IsValidLabelName("a\xff", dialect));
    for (const std::string name : {"1a", "a:b", "a b", "\u00fc", "a.b"}) {
      EXPECT_EQ(IsValidLabelName(name, dialect), dialect != kClassic) << name;
    }
  }
}

}  // namespace
}  // namespace tocsin
