#include "base/template/braces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Values = std::map<std::string, std::string, std::less<>>;

BracesTemplate::Rendered Render(std::string_view text, const Values& values) {
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.message());
  if (!parsed) return {};
  return parsed->Render([&values](std::string_view word) -> std::optional<std::string> {
    const auto found = values.find(word);
    if (found == values.end()) return std::nullopt;
    return found->second;
  });
}
std::string Text(std::string_view text, const Values& values = {}) {
  return Render(text, values).text;
}
std::string ErrorOf(std::string_view text) {
  const Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  return parsed.ok() ? "none" : parsed.message();
}

TEST(Braces, ReplacePlaceholdersByTheirValues) {
  EXPECT_EQ(Text("CPU usage is at {value}% on {host}", {{"value", "85.5"}, {"host", "web-1"}}),
            "CPU usage is at 85.5% on web-1");
  EXPECT_EQ(Text("{a}{b}{a}", {{"a", "1"}, {"b", "2"}}), "121");
  EXPECT_EQ(Text("no placeholder"), "no placeholder");
  EXPECT_EQ(Text(""), "");
}

TEST(Braces, WordsAreTakenAsTheyAreWritten) {
  const Values values = {{"severity", "high"}, {"SEVERITY", "HIGH"}, {"k8s.pod-name", "p"}};
  EXPECT_EQ(Text("{SEVERITY} {severity} {k8s.pod-name}", values), "HIGH high p");
  EXPECT_EQ(Text("{host}", {{"host", ""}}), "") << "an empty value is a value";
}

TEST(Braces, DoubledBracesAreLiteral) {
  EXPECT_EQ(Text("{{value}}", {{"value", "1"}}), "{value}");
  EXPECT_EQ(Text("{{{value}}}", {{"value", "1"}}), "{1}");
  EXPECT_EQ(Text("{{}}"), "{}");
  EXPECT_EQ(Text("}}{{"), "}{");
}

TEST(Braces, UnknownWordsStayAsWrittenAndAreCounted) {
  const BracesTemplate::Rendered rendered =
      Render("{value} on {rack} in {room:.2f} of {rack}", {{"value", "1"}});
  EXPECT_EQ(rendered.text, "1 on {rack} in {room:.2f} of {rack}");
  EXPECT_EQ(rendered.unknown_placeholders, 3U);
  EXPECT_EQ(Render("{value}", {{"value", "1"}}).unknown_placeholders, 0U);
}

TEST(Braces, AFormatSetsTheDecimals) {
  EXPECT_EQ(Text("{value:.1f}", {{"value", "85.55"}}), "85.5") << "85.55 is a little less";
  EXPECT_EQ(Text("{value:.0f}", {{"value", "85.5"}}), "86");
  EXPECT_EQ(Text("{metric_value:.2f}", {{"metric_value", "1"}}), "1.00");
  EXPECT_EQ(Text("{threshold:.3f}", {{"threshold", "1e3"}}), "1000.000");
  EXPECT_EQ(Text("{value:.1f}", {{"value", "-0.25"}}), "-0.2") << "ties go to even";
}

TEST(Braces, AFormatLeavesAloneWhatIsNoFiniteNumber) {
  for (const char* value : {"high", "", "NaN", "+Inf", "80%"}) {
    EXPECT_EQ(Text("{value:.1f}", {{"value", value}}), value);
  }
}

TEST(Braces, AValueIsNeverReadAsATemplate) {
  EXPECT_EQ(Text("{host}!", {{"host", "{value} {{x}} {"}, {"value", "1"}}), "{value} {{x}} {!");
}

TEST(Braces, NothingIsEvaluated) {
  for (const char* text : {"{rule.id}", "{labels[host]}", "{value + 1}", "{value!r}", "{ value }",
                           "{0}", "{__class__}"}) {
    const BracesTemplate::Rendered rendered = Render(text, {{"value", "1"}, {"rule", "x"}});
    EXPECT_EQ(rendered.text, text);
    EXPECT_EQ(rendered.unknown_placeholders, 1U) << text;
  }
}

TEST(Braces, BytesOutsideOfBracesPassUnchanged) {
  const std::string_view text("\xf0\x9f\x94\xa5 <b>\n\t\xff\0end", 15);
  EXPECT_EQ(Text(text), text);
}

TEST(Braces, AnUnclosedBraceIsAnErrorAtItsColumn) {
  EXPECT_THAT(ErrorOf("usage {value"), HasSubstr("column 7: '{' is never closed"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("column 1: "));
  EXPECT_THAT(ErrorOf("{a {b}"), HasSubstr("column 1: '{' is never closed"));
  EXPECT_THAT(ErrorOf("{{{"), HasSubstr("column 3: "));
}

TEST(Braces, AStrayBraceIsAnErrorAtItsColumn) {
  EXPECT_THAT(ErrorOf("value}"), HasSubstr("column 6: stray '}'"));
  EXPECT_THAT(ErrorOf("{value}}"), HasSubstr("column 8: stray '}'"));
  EXPECT_THAT(ErrorOf("}}}"), HasSubstr("column 3: "));
}

TEST(Braces, AnEmptyPlaceholderIsAnErrorAtItsColumn) {
  EXPECT_THAT(ErrorOf("at {}"), HasSubstr("column 4: the placeholder is empty"));
  EXPECT_THAT(ErrorOf("{:.1f}"), HasSubstr("column 1: the placeholder is empty"));
}

TEST(Braces, ColumnsCountBytes) { EXPECT_THAT(ErrorOf("\xc3\xa9 {"), HasSubstr("column 4: ")); }

TEST(Braces, AnUnknownFormatIsAnErrorAtItsColumn) {
  for (const char* format : {"", "d", ".1", "1f", ".f", ".18f", ".-1f", ".1F", ".1f ", ">10",
                             ".99999999999999999999f"}) {
    EXPECT_THAT(ErrorOf(std::string("{value:") + format + "}"),
                HasSubstr("column 7: unknown format"))
        << format;
  }
  EXPECT_EQ(ErrorOf("{value:.17f}"), "none");
}

TEST(Braces, TheirPlaceholdersCanBeListedInOrder) {
  EXPECT_THAT(BracesTemplate::Parse("{b} {{c}} {a:.1f} {b}")->Placeholders(),
              ElementsAre("b", "a", "b"));
  EXPECT_THAT(BracesTemplate::Parse("{{none}}")->Placeholders(), IsEmpty());
}

TEST(BracesTemplate, AFormatIsForTheWordsThatAreNumbersOnly) {
  EXPECT_EQ(Text("{threshold:.0f}", {{"threshold", "80.0"}}), "80");
  EXPECT_EQ(Text("{metric_value:.2f}", {{"metric_value", "1"}}), "1.00");
  EXPECT_EQ(Text("{rack:.1f}", {{"rack", "0123"}}), "0123");
}

}  // namespace
}  // namespace tocsin
