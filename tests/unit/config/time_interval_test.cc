#include "config/time_interval.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tocsin::config {
namespace {

using Table = std::vector<std::pair<std::string, std::string>>;

// What is read, written as Alertmanager writes it, or the message.
template <typename Format>
std::string Written(const Result<IntRange>& range, Format format) {
  return range.ok() ? format(*range) : range.message();
}

std::string PrintedTimes(const std::string& start, const std::string& end) {
  const Result<ClockRange> range = ParseClockTimes(start, end);
  if (!range) return range.message();
  return FormatClockTime(range->start) + "-" + FormatClockTime(range->end);
}

TEST(ParseClockTimes, ReadsTwentyFourHours) {
  EXPECT_EQ(*ParseClockTimes("00:00", "24:00"), (ClockRange{0, 1440}));
  EXPECT_EQ(*ParseClockTimes("09:05", "17:00"), (ClockRange{545, 1020}));
  EXPECT_EQ(PrintedTimes("00:00", "24:00"), "00:00-24:00");
  EXPECT_EQ(PrintedTimes("23:59", "24:00"), "23:59-24:00");
  EXPECT_EQ(PrintedTimes("09:05", "17:00"), "09:05-17:00");
}

TEST(ParseClockTimes, RefusesInAlertmanagersWords) {
  EXPECT_EQ(PrintedTimes("", "10:00"), "both start and end times must be provided");
  EXPECT_EQ(PrintedTimes("10:00", ""), "both start and end times must be provided");
  const std::string order = "start time cannot be equal or greater than end time";
  EXPECT_EQ(PrintedTimes("10:00", "10:00"), order);
  EXPECT_EQ(PrintedTimes("22:00", "06:00"), order);
  EXPECT_EQ(PrintedTimes("24:00", "24:00"), order);
  for (const std::string bad : {"9:00", "09:0", "09:60", "24:01", "25:00", "0900", "09-00", "-1:00",
                                "09:00 ", " 9:00", "09:00:00", "+9:00", "\xff\xff:00", ":::::"}) {
    const std::string message = "couldn't parse timestamp " + bad + ", invalid format";
    EXPECT_EQ(PrintedTimes(bad, "23:00"), message);
    EXPECT_EQ(PrintedTimes("00:00", bad), message);
  }
}

TEST(ParseWeekdayRange, ReadsNamesFromSundayOn) {
  EXPECT_EQ(*ParseWeekdayRange("sunday"), (IntRange{0, 0}));
  EXPECT_EQ(*ParseWeekdayRange("Monday:FRIDAY"), (IntRange{1, 5}));
  EXPECT_EQ(*ParseWeekdayRange("sunday:saturday"), (IntRange{0, 6}));
  for (const auto& [text, written] : Table{
           {"sunday", "sunday"},
           {"Monday:FRIDAY", "monday:friday"},
           {"saturday:saturday", "saturday"},
           {"saturday:monday", "start day cannot be before end day"},
           {"mon", "mon is not a valid weekday"},
           {"monday:", " is not a valid weekday"},
           {"", " is not a valid weekday"},
           {"1:5", "1 is not a valid weekday"},
           {"monday :friday", "monday  is not a valid weekday"},
           {"Monday:Tuesday:Friday", "couldn't parse range monday:tuesday:friday, invalid format"},
       }) {
    EXPECT_EQ(Written(ParseWeekdayRange(text), FormatWeekdayRange), written) << text;
  }
}

TEST(ParseDayOfMonthRange, ReadsDaysFromEitherEnd) {
  const std::string range = " is not a valid day of the month: out of range";
  for (const auto& [text, written] : Table{
           {"1", "1"},
           {"1:31", "1:31"},
           {"-1", "-1"},
           {"-31:-1", "-31:-1"},
           {"+5:7", "5:7"},
           {"5:-1", "5:-1"},
           {"27:-1", "27:-1"},
           {"28:-1", "end day -1 is always before start day 28"},
           {"7:1", "end day 1 is always before start day 7"},
           {"-1:-3", "end day -3 is always before start day -1"},
           {"-3:5", "end day must be negative if start day is negative"},
           {"0", "0" + range},
           {"0:3", "0" + range},
           {"1:0", "0" + range},
           {"32", "32" + range},
           {"1:32", "32" + range},
           {"-32:-1", "-32" + range},
           {"a", "strconv.Atoi: parsing \"a\": invalid syntax"},
           {"", "strconv.Atoi: parsing \"\": invalid syntax"},
           {"1:2:3", "couldn't parse range 1:2:3, invalid format"},
           {"+-1", "strconv.Atoi: parsing \"+-1\": invalid syntax"},
           {"1.5", "strconv.Atoi: parsing \"1.5\": invalid syntax"},
           {" 1", "strconv.Atoi: parsing \" 1\": invalid syntax"},
       }) {
    EXPECT_EQ(Written(ParseDayOfMonthRange(text), FormatIntRange), written) << text;
  }
}

TEST(ParseMonthRange, ReadsNamesAndNumbers) {
  for (const auto& [text, written] : Table{
           {"january", "1"},
           {"January:march", "1:3"},
           {"1:december", "1:12"},
           {"5", "5"},
           {"may:march", "end month march is before start month may"},
           {"12:1", "end month january is before start month december"},
           {"jan", "jan is not a valid month"},
           {"0", "0 is not a valid month: out of range"},
           {"1:13", "13 is not a valid month: out of range"},
           {"", " is not a valid month"},
       }) {
    EXPECT_EQ(Written(ParseMonthRange(text), FormatMonthRange), written) << text;
  }
}

TEST(ParseYearRange, ReadsYears) {
  for (const auto& [text, written] : Table{
           {"2024", "2024"},
           {"2024:2026", "2024:2026"},
           {"2026:2024", "end year 2024 is before start year 2026"},
           {"twenty", "strconv.Atoi: parsing \"twenty\": invalid syntax"},
           {"99999999999999999999",
            "strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
       }) {
    EXPECT_EQ(Written(ParseYearRange(text), FormatIntRange), written) << text;
  }
}

TEST(ParseRanges, StandHostileInput) {
  for (const std::string& text :
       {std::string(100'000, ':'), std::string(100'000, '9'), std::string("\xff:\x00", 3)}) {
    EXPECT_FALSE(ParseWeekdayRange(text).ok());
    EXPECT_FALSE(ParseDayOfMonthRange(text).ok());
    EXPECT_FALSE(ParseMonthRange(text).ok());
    EXPECT_FALSE(ParseYearRange(text).ok());
    EXPECT_FALSE(ParseClockTimes(text, text).ok());
  }
}

TEST(CheckLocation, KnowsTheZonesOfTheSystem) {
  for (const std::string name : {"", "UTC", "Local", "Europe/Berlin", "Australia/Lord_Howe"}) {
    EXPECT_TRUE(CheckLocation(name).ok()) << name;
  }
  EXPECT_EQ(CheckLocation("Mars/Olympus").message(), "unknown time zone Mars/Olympus");
}

}  // namespace
}  // namespace tocsin::config
