#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace tocsin {
namespace {

Timestamp At(const std::string& text) {
  const std::optional<Timestamp> t = ParseRfc3339(text);
  EXPECT_TRUE(t.has_value()) << text;
  return t.value_or(Timestamp{});
}

TimeZone Zone(const std::string& name) {
  Result<TimeZone> zone = TimeZone::Find(name);
  EXPECT_TRUE(zone.ok()) << name;
  return zone.ok() ? *zone : TimeZone();
}

// "2025-03-30 03:00 0 +7200 CEST"
std::string Wall(const TimeZone& zone, Timestamp t) {
  const CivilTime c = zone.CivilAt(t);
  char text[80];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d %d %+d %s", c.year, c.month, c.day,
                c.minute_of_day / 60, c.minute_of_day % 60, c.weekday,
                static_cast<int>(zone.OffsetAt(t).count()), zone.AbbreviationAt(t).c_str());
  return text;
}

TEST(TimeZone, ShowsTheWallClockAcrossItsChanges) {
  struct Case {
    std::string zone;
    std::string utc;
    std::string wall;
  };
  // The changes are those of the IANA database's own sources.
  for (const Case& c : std::vector<Case>{
           {"UTC", "1970-01-01T00:00:00Z", "1970-01-01 00:00 4 +0 UTC"},
           {"", "2024-02-29T23:59:59.999Z", "2024-02-29 23:59 4 +0 UTC"},
           {"UTC", "1969-12-31T23:59:59.999Z", "1969-12-31 23:59 3 +0 UTC"},
           {"Europe/Berlin", "2025-03-30T00:59:59Z", "2025-03-30 01:59 0 +3600 CET"},
           {"Europe/Berlin", "2025-03-30T01:00:00Z", "2025-03-30 03:00 0 +7200 CEST"},
           {"Europe/Berlin", "2025-10-26T00:59:00Z", "2025-10-26 02:59 0 +7200 CEST"},
           {"Europe/Berlin", "2025-10-26T01:00:00Z", "2025-10-26 02:00 0 +3600 CET"},
           {"America/New_York", "2025-03-09T06:59:00Z", "2025-03-09 01:59 0 -18000 EST"},
           {"America/New_York", "2025-03-09T07:00:00Z", "2025-03-09 03:00 0 -14400 EDT"},
           {"America/New_York", "2025-11-02T05:59:00Z", "2025-11-02 01:59 0 -14400 EDT"},
           {"America/New_York", "2025-11-02T06:00:00Z", "2025-11-02 01:00 0 -18000 EST"},
           {"America/New_York", "2025-01-01T04:59:00Z", "2024-12-31 23:59 2 -18000 EST"},
           {"Australia/Lord_Howe", "2025-04-05T14:59:00Z", "2025-04-06 01:59 0 +39600 +11"},
           {"Australia/Lord_Howe", "2025-04-05T15:00:00Z", "2025-04-06 01:30 0 +37800 +1030"},
           {"Australia/Lord_Howe", "2025-10-04T15:29:00Z", "2025-10-05 01:59 0 +37800 +1030"},
           {"Australia/Lord_Howe", "2025-10-04T15:30:00Z", "2025-10-05 02:30 0 +39600 +11"},
           {"Asia/Kathmandu", "2025-06-01T18:15:00Z", "2025-06-02 00:00 1 +20700 +0545"},
       }) {
    EXPECT_EQ(Wall(Zone(c.zone), At(c.utc)), c.wall) << c.zone << " " << c.utc;
  }
}

TEST(TimeZone, RefusesNamesItDoesNotKnow) {
  for (const std::string name : {"Europe/Atlantis", "europe/berlin", "/etc/localtime", "../UTC",
                                 " UTC", "Europe", "CEST6", "Local/"}) {
    const Result<TimeZone> zone = TimeZone::Find(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(zone.message(), "unknown time zone " + name);
  }
  EXPECT_FALSE(TimeZone::Find(std::string(100'000, 'x')).ok());
  EXPECT_FALSE(TimeZone::Find(std::string("UTC\0", 4)).ok());
  EXPECT_EQ(TimeZone::Find("\xff").message(), R"(unknown time zone "\xff")");
}

TEST(TimeZone, KeepsTheNameItWasAskedFor) {
  EXPECT_EQ(Zone("Europe/Berlin").name(), "Europe/Berlin");
  EXPECT_EQ(Zone("Local").name(), "Local");
  EXPECT_EQ(Zone("").name(), "UTC");
}

class LocalZone : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("TZ"); }
};

TEST_F(LocalZone, IsThatOfTheVariableTz) {
  for (const std::string value :
       {"America/New_York", ":America/New_York", "/usr/share/zoneinfo/America/New_York"}) {
    setenv("TZ", value.c_str(), 1);
    EXPECT_EQ(Zone("Local").OffsetAt(At("2025-01-01T00:00:00Z")), std::chrono::hours(-5)) << value;
  }
}

TEST_F(LocalZone, IsUtcWhereTzIsEmptyOrUnknown) {
  for (const std::string value : {"", "No/Where"}) {
    setenv("TZ", value.c_str(), 1);
    EXPECT_EQ(Zone("Local").AbbreviationAt(At("2025-01-01T00:00:00Z")), "UTC") << value;
  }
}

TEST(TimeZone, StandsTheEndsOfTime) {
  for (const std::int64_t millis :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    for (const std::string name : {"UTC", "Europe/Berlin"}) {
      const CivilTime civil = Zone(name).CivilAt(FromUnixMillis(millis));
      EXPECT_GE(civil.month, 1);
      EXPECT_LE(civil.month, 12);
    }
  }
}

TEST(DaysInMonth, KnowsLeapYears) {
  const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month) EXPECT_EQ(DaysInMonth(2025, month), lengths[month - 1]);
  EXPECT_EQ(DaysInMonth(2024, 2), 29);
  EXPECT_EQ(DaysInMonth(2000, 2), 29);
  EXPECT_EQ(DaysInMonth(1900, 2), 28);
  EXPECT_EQ(DaysInMonth(2100, 2), 28);
}

}  // namespace
}  // namespace tocsin
