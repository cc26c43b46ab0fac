#include "receivers/channels/truncation.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

TEST(LengthsOfTexts, AreCountedAsVendorsCount) {
  EXPECT_EQ(RunesIn("aä€🚨"), 4U);
  EXPECT_EQ(Utf16UnitsIn("aä€🚨"), 5U);
  EXPECT_EQ(Utf8BytesIn("aä€🚨"), 10U);
  for (const auto& length : {RunesIn, Utf16UnitsIn, Utf8BytesIn}) EXPECT_EQ(length(""), 0U);
}

// U+FFFD has three bytes.
TEST(LengthsOfTexts, CountBytesThatAreNotUtf8AsWhatJsonMakesOfThem) {
  EXPECT_EQ(RunesIn("a\xff\xfe"), 3U);
  EXPECT_EQ(Utf16UnitsIn("a\xff\xfe"), 3U);
  EXPECT_EQ(Utf8BytesIn("a\xff\xfe"), 7U);
}

TEST(TruncateRunes, CountsCharactersAndKeepsOneForTheMark) {
  EXPECT_EQ(TruncateRunes("äöüß", 4), "äöüß");
  EXPECT_EQ(TruncateRunes("äöüßé", 4), "äöü…");
  EXPECT_EQ(TruncateRunes("", 4), "");
}

TEST(TruncateRunes, HasNoRoomForAMarkUpToThree) {
  EXPECT_EQ(TruncateRunes("äöüß", 3), "äöü");
  EXPECT_EQ(TruncateRunes("äöüß", 1), "ä");
  EXPECT_EQ(TruncateRunes("äöüß", 0), "");
}

TEST(TruncateRunes, CountsBytesThatAreNotUtf8OneByOne) {
  EXPECT_EQ(TruncateRunes("\xff\xff\xff\xff\xff", 4), "\xff\xff\xff…");
}

TEST(TruncateBytes, CountsBytesAndSplitsNoCharacter) {
  EXPECT_EQ(TruncateBytes("abcdef", 6), "abcdef");
  EXPECT_EQ(TruncateBytes("abcdefg", 6), "abc…");
  // Of five bytes, three are the mark's: "ä" fits, half of "ö" does not.
  EXPECT_EQ(TruncateBytes("äöü", 5), "ä…");
  EXPECT_EQ(TruncateBytes("aäöü", 5), "a…");
}

TEST(TruncateBytes, IsAllMarkWhereThereIsRoomForNothingElse) {
  EXPECT_EQ(TruncateBytes("abcdef", 3), "…");
  EXPECT_EQ(TruncateBytes("abcdef", 2), "..");
}

std::string Doubled(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '*' ? "**" : std::string(1, c);
  return out;
}

TEST(EscapeToFit, CutsBeforeItEscapes) {
  EXPECT_EQ(EscapeToFit("a*b*c*", 9, RunesIn, Doubled), "a**b**c**");
  EXPECT_EQ(EscapeToFit("a*b*c*", 8, RunesIn, Doubled), "a**b**…");
  EXPECT_EQ(EscapeToFit("a*b*c*", 6, RunesIn, Doubled), "a**b…");
  EXPECT_EQ(EscapeToFit("***", 1, RunesIn, Doubled), "");
  EXPECT_EQ(EscapeToFit("abc", 0, RunesIn, Doubled), "");
  EXPECT_EQ(EscapeToFit("", 5, RunesIn, Doubled), "");
}

TEST(EscapeToFit, CountsAsTheVendorDoes) {
  EXPECT_EQ(EscapeToFit("🚨🚨🚨🚨🚨", 8, Utf16UnitsIn, Doubled), "🚨🚨🚨…");
  EXPECT_EQ(EscapeToFit("ääääää", 9, Utf8BytesIn, Doubled), "äää…");
}

}  // namespace
}  // namespace tocsin::receivers
