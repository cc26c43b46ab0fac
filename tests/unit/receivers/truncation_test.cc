#include "receivers/channels/truncation.h"

#include <gtest/gtest.h>

namespace tocsin::receivers {
namespace {

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

}  // namespace
}  // namespace tocsin::receivers
