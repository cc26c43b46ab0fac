#include "base/time.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tocsin {
namespace {

TEST(FromUnixMillis, StaysWithinTheYearsThatCanBeWritten) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(kMost)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(std::numeric_limits<std::int64_t>::min())),
            "0001-01-01T00:00:00Z");
  EXPECT_EQ(ToUnixMillis(FromUnixMillis(kMost) + Duration(1)), 253'402'300'800'000);
}

TEST(FormatRfc3339, WritesMillisecondsOnlyWhereThereAreAny) {
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(1'714'557'600'123)), "2024-05-01T10:00:00.123Z");
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(1'714'557'600'000)), "2024-05-01T10:00:00Z");
  EXPECT_EQ(FormatRfc3339(FromUnixMillis(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(ParseRfc3339, ReadsZonesFractionsAndIsoWithoutZoneAsUtc) {
  const Timestamp expected = FromUnixMillis(1'714'557'600'123);
  EXPECT_EQ(ParseRfc3339("2024-05-01T10:00:00.123Z"), expected);
  EXPECT_EQ(ParseRfc3339("2024-05-01T12:00:00.123456789+02:00"), expected);
  EXPECT_EQ(ParseRfc3339("2024-05-01 10:00:00.123"), expected);
  EXPECT_EQ(ParseRfc3339("2024-05-01T04:30:00.123-05:30"), expected);
  EXPECT_EQ(ParseRfc3339("2024-02-29T00:00:00Z"), FromUnixMillis(1'709'164'800'000));
}

TEST(ParseRfc3339, RefusesWhatDoesNotExistOrIsCutShort) {
  for (const char* text :
       {"", "2024-05-01", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-05-01T24:00:00Z", "2024-05-01T10:60:00Z", "2024-05-01T10:00:60Z", "2024-05-01T10:00Z",
        "2024-05-01T10:00:00.Z", "2024-05-01T10:00:00+0200", "2024-05-01T10:00:00Zx",
        "24-05-01T10:00:00Z", "tomorrow"}) {
    EXPECT_FALSE(ParseRfc3339(text).has_value()) << text;
  }
}

TEST(ParseDuration, FollowsPrometheusGrammar) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  EXPECT_EQ(ParseDuration("0"), Duration(0));
  EXPECT_EQ(ParseDuration("5m"), minutes(5));
  EXPECT_EQ(ParseDuration("1h30m"), minutes(90));
  EXPECT_EQ(ParseDuration("100ms"), Duration(100));
  EXPECT_EQ(ParseDuration("1y2w3d4h5m6s7ms"),
            hours(24 * (365 + 14 + 3) + 4) + minutes(5) + seconds(6) + Duration(7));
}

TEST(ParseDuration, RefusesUnknownUnitsOrderRepetitionAndOverflow) {
  for (const char* text : {"", "5", "m", "1.5h", "-5m", "30m1h", "5m5m", "1h 30m", "5min", "293y",
                           "99999999999999999999s", "1s1s"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(FormatDuration, ReadsBackEqual) {
  for (const char* text : {"0s", "5m", "1h30m", "1d", "1w", "1y", "100ms", "1m40s", "400d", "8d"}) {
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  }
}

TEST(AppendRfc3339Millis, WritesThreeDecimalsAlways) {
  const auto text = [](std::int64_t millis) {
    std::string out = "at ";
    AppendRfc3339Millis(FromUnixMillis(millis), &out);
    return out;
  };
  EXPECT_EQ(text(0), "at 1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(-1), "at 1969-12-31T23:59:59.999Z");
  EXPECT_EQ(text(1'767'323'045'678), "at 2026-01-02T03:04:05.678Z");
  EXPECT_EQ(text(951'782'400'005), "at 2000-02-29T00:00:00.005Z");
  EXPECT_EQ(text(-62'135'596'800'000), "at 0001-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace tocsin
