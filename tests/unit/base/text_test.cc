#include "base/text.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Utf8, CharactersOfEveryLengthAreReadAndWritten) {
  for (const auto& [text, c] :
       std::vector<std::pair<std::string, char32_t>>{{"a", U'a'},
                                                     {"\x7f", U'\x7f'},
                                                     {"\u0080", U'\u0080'},
                                                     {"\u07ff", U'\u07ff'},
                                                     {"\u0800", U'\u0800'},
                                                     {"\uffff", U'\uffff'},
                                                     {"\U00010000", U'\U00010000'},
                                                     {"\U0010ffff", U'\U0010ffff'}}) {
    EXPECT_EQ(Utf8Length(text, 0), text.size()) << text;
    EXPECT_EQ(Utf8CharAt(text, 0), c) << text;
    std::string written;
    AppendUtf8(c, &written);
    EXPECT_EQ(written, text);
  }
}

TEST(IsValidUtf8, AcceptsScalarValuesOnly) {
  EXPECT_TRUE(IsValidUtf8("plain"));
  EXPECT_TRUE(IsValidUtf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\xa8"));
  EXPECT_FALSE(IsValidUtf8("\xc0\x80"));          // overlong NUL
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(IsValidUtf8("cut \xf0\x9f\x9a"));
  EXPECT_FALSE(IsValidUtf8("\x80"));
}

TEST(ToValidUtf8, ReplacesEveryByteThatIsNone) {
  EXPECT_EQ(ToValidUtf8(""), "");
  EXPECT_EQ(ToValidUtf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\xa8"), "grüß 🚨");
  EXPECT_EQ(ToValidUtf8("a\xff"
                        "b\xc3"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(ToValidUtf8("\xed\xa0\x80").size(), 9u);
}

TEST(TruncateUtf8, NeverSplitsACharacter) {
  EXPECT_EQ(TruncateUtf8("a\xc3\xbc"
                         "b",
                         2),
            "a");
  EXPECT_EQ(TruncateUtf8("a\xc3\xbc"
                         "b",
                         3),
            "a\xc3\xbc");
  EXPECT_EQ(TruncateUtf8("abc", 10), "abc");
}

TEST(QuoteForMessage, MakesControlCharactersVisibleAndCutsLongText) {
  EXPECT_EQ(QuoteForMessage("a\n\x01\xff\"b"), R"("a\n\x01\xff\"b")");
  EXPECT_EQ(QuoteForMessage("abcdef", 3), R"("abc"...)");
}

TEST(EscapeHtml, LeavesNothingThatCouldOpenATagOrAnAttribute) {
  EXPECT_EQ(EscapeHtml("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&#34;&amp;");
}

TEST(PercentDecode, DecodesOnceAndRefusesBrokenEscapes) {
  EXPECT_EQ(PercentDecode("a%2Fb%20c+d"), "a/b c+d");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("%252F"), "%2F");
  EXPECT_FALSE(PercentDecode("%2").has_value());
  EXPECT_FALSE(PercentDecode("%zz").has_value());
  EXPECT_FALSE(PercentDecode("%").has_value());
}

TEST(PercentEncode, ReadsBackEqual) {
  const std::string text = "a b/\xc3\xbc?&=%";
  EXPECT_EQ(PercentDecode(PercentEncode(text)), text);
  EXPECT_EQ(PercentEncode("a b"), "a%20b");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
}

TEST(NearestName, SuggestsATypoAndNothingForAStranger) {
  EXPECT_EQ(NearestName("severty", {"severity", "duration"}), "severity");
  EXPECT_EQ(NearestName("nme", {"name", "rules"}), "name");
  EXPECT_EQ(NearestName("colour", {"severity", "duration"}), "");
}

TEST(Hex64, ReadsBackEqualAndNeedsAllDigits) {
  EXPECT_EQ(FormatHex64(0xabcULL), "0000000000000abc");
  EXPECT_EQ(ParseHex64("00000000deadBEEF"), 0xdeadbeefULL);
  EXPECT_FALSE(ParseHex64("abc").has_value());
  EXPECT_FALSE(ParseHex64("000000000000000g").has_value());
}

TEST(TrimSpace, TrimsBothEndsOnly) {
  EXPECT_EQ(TrimSpace(" \ta b\r\n"), "a b");
  EXPECT_EQ(TrimSpace(" \n"), "");
}

TEST(EqualsIgnoreCase, ComparesWholeTexts) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-Type", "content-type"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
}

}  // namespace
}  // namespace tocsin
