#include "receivers/mute/time_intervals.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::receivers {
namespace {

Timestamp TimeOf(const std::string& text) {
  const std::optional<Timestamp> t = ParseRfc3339(text);
  EXPECT_TRUE(t.has_value()) << text;
  return t.value_or(Timestamp{});
}

struct Texts {
  std::vector<std::pair<std::string, std::string>> times = {};
  std::vector<std::string> weekdays = {};
  std::vector<std::string> days_of_month = {};
  std::vector<std::string> months = {};
  std::vector<std::string> years = {};
  std::string location = {};
};

// As the file would say it.
config::TimeIntervalSpec Spec(const Texts& texts) {
  config::TimeIntervalSpec spec;
  for (const auto& [start, end] : texts.times) {
    spec.times.push_back(*config::ParseClockTimes(start, end));
  }
  for (const auto& t : texts.weekdays) spec.weekdays.push_back(*config::ParseWeekdayRange(t));
  for (const auto& t : texts.days_of_month) {
    spec.days_of_month.push_back(*config::ParseDayOfMonthRange(t));
  }
  for (const auto& t : texts.months) spec.months.push_back(*config::ParseMonthRange(t));
  for (const auto& t : texts.years) spec.years.push_back(*config::ParseYearRange(t));
  spec.location = texts.location;
  return spec;
}

TimeIntervals Intervals(std::vector<config::TimeInterval> intervals) {
  return *TimeIntervals::Make(std::move(intervals));
}

bool Holds(const Texts& texts, const std::string& time) {
  return Intervals({{"x", {Spec(texts)}}}).Contains("x", TimeOf(time));
}

struct IntervalCase {
  std::string time;
  bool holds;
};

void ExpectAll(const Texts& texts, const std::vector<IntervalCase>& cases) {
  for (const IntervalCase& c : cases) EXPECT_EQ(Holds(texts, c.time), c.holds) << c.time;
}

TEST(TimeIntervals, ASpecWithoutFieldsHoldsAlways) {
  ExpectAll({}, {{"2025-06-01T00:00:00Z", true}, {"1970-01-01T00:00:00Z", true}});
}

TEST(TimeIntervals, TheStartIsInAndTheEndIsOutToTheMinute) {
  ExpectAll({.times = {{"09:00", "17:00"}}}, {{"2025-06-02T08:59:59.999Z", false},
                                              {"2025-06-02T09:00:00Z", true},
                                              {"2025-06-02T16:59:59.999Z", true},
                                              {"2025-06-02T17:00:00Z", false}});
}

TEST(TimeIntervals, AWindowOverMidnightIsTwoRanges) {
  ExpectAll({.times = {{"22:00", "24:00"}, {"00:00", "06:00"}}}, {{"2025-06-02T21:59:00Z", false},
                                                                  {"2025-06-02T22:00:00Z", true},
                                                                  {"2025-06-02T23:59:59Z", true},
                                                                  {"2025-06-03T00:00:00Z", true},
                                                                  {"2025-06-03T05:59:00Z", true},
                                                                  {"2025-06-03T06:00:00Z", false}});
}

TEST(TimeIntervals, WeekdaysBeginWithSunday) {
  ExpectAll({.weekdays = {"saturday", "sunday"}}, {{"2025-06-06T12:00:00Z", false},  // Friday
                                                   {"2025-06-07T00:00:00Z", true},
                                                   {"2025-06-08T23:59:59Z", true},
                                                   {"2025-06-09T00:00:00Z", false}});
  ExpectAll({.weekdays = {"monday:friday"}}, {{"2025-06-08T23:59:00Z", false},
                                              {"2025-06-09T00:00:00Z", true},
                                              {"2025-06-13T23:59:00Z", true},
                                              {"2025-06-14T00:00:00Z", false}});
}

TEST(TimeIntervals, NegativeDaysCountFromTheEndOfEveryMonth) {
  ExpectAll({.days_of_month = {"-1"}}, {{"2025-01-31T00:00:00Z", true},
                                        {"2025-01-30T00:00:00Z", false},
                                        {"2025-02-28T00:00:00Z", true},
                                        {"2024-02-28T00:00:00Z", false},
                                        {"2024-02-29T00:00:00Z", true},
                                        {"2100-02-28T00:00:00Z", true},
                                        {"2025-04-30T23:59:59Z", true},
                                        {"2025-05-01T00:00:00Z", false}});
  ExpectAll({.days_of_month = {"-3:-1"}}, {{"2025-02-25T00:00:00Z", false},
                                           {"2025-02-26T00:00:00Z", true},
                                           {"2024-02-26T00:00:00Z", false},
                                           {"2024-02-27T00:00:00Z", true}});
  ExpectAll({.days_of_month = {"15:-2"}}, {{"2025-02-14T00:00:00Z", false},
                                           {"2025-02-15T00:00:00Z", true},
                                           {"2025-02-27T00:00:00Z", true},
                                           {"2025-02-28T00:00:00Z", false},
                                           {"2025-03-30T00:00:00Z", true}});
}

TEST(TimeIntervals, DaysAreClampedToTheMonth) {
  ExpectAll({.days_of_month = {"25:31"}}, {{"2025-02-28T12:00:00Z", true},
                                           {"2025-03-01T12:00:00Z", false},
                                           {"2025-04-30T12:00:00Z", true}});
  ExpectAll({.days_of_month = {"-31:-1"}},
            {{"2025-02-01T00:00:00Z", true}, {"2025-01-01T00:00:00Z", true}});
  // The 31st to the 31st: never in a month that is shorter.
  ExpectAll({.days_of_month = {"31"}},
            {{"2025-04-30T12:00:00Z", false}, {"2025-05-31T12:00:00Z", true}});
  ExpectAll({.days_of_month = {"29"}},
            {{"2025-02-28T12:00:00Z", false}, {"2024-02-29T12:00:00Z", true}});
  // The 31st day from the end of February lies in January, and is none of either.
  ExpectAll({.days_of_month = {"-31:-29"}}, {{"2025-02-01T00:00:00Z", false},
                                             {"2024-02-01T00:00:00Z", true},
                                             {"2025-01-03T00:00:00Z", true},
                                             {"2025-01-31T00:00:00Z", false}});
}

TEST(TimeIntervals, MonthsAndYearsIncludeBothEnds) {
  ExpectAll({.months = {"february:3", "december"}}, {{"2025-01-31T23:59:59Z", false},
                                                     {"2025-02-01T00:00:00Z", true},
                                                     {"2025-03-31T23:59:59Z", true},
                                                     {"2025-04-01T00:00:00Z", false},
                                                     {"2025-12-31T23:59:59Z", true}});
  ExpectAll({.years = {"2024:2025", "2030"}}, {{"2023-12-31T23:59:59Z", false},
                                               {"2024-01-01T00:00:00Z", true},
                                               {"2025-12-31T23:59:59Z", true},
                                               {"2026-01-01T00:00:00Z", false},
                                               {"2030-07-01T00:00:00Z", true}});
}

TEST(TimeIntervals, FieldsMustAllHold) {
  const Texts texts{.times = {{"09:00", "17:00"}},
                    .weekdays = {"monday:friday"},
                    .days_of_month = {"1:7"},
                    .months = {"june"},
                    .years = {"2025"}};
  ExpectAll(texts, {{"2025-06-02T09:00:00Z", true},
                    {"2025-06-02T08:00:00Z", false},
                    {"2025-06-01T09:00:00Z", false},
                    {"2025-06-09T09:00:00Z", false},
                    {"2025-07-02T09:00:00Z", false},
                    {"2026-06-02T09:00:00Z", false}});
}

TEST(TimeIntervals, BerlinsClockIsSkippedInSpringAndRepeatedInAutumn) {
  const Texts texts{.times = {{"02:00", "03:00"}}, .location = "Europe/Berlin"};
  ExpectAll(texts, {{"2025-03-30T00:59:59Z", false},  // 01:59 CET, then 03:00 CEST
                    {"2025-03-30T01:00:00Z", false},
                    {"2025-10-25T23:59:59Z", false},
                    {"2025-10-26T00:00:00Z", true},  // 02:00 CEST
                    {"2025-10-26T01:00:00Z", true},  // 02:00 CET
                    {"2025-10-26T01:59:59Z", true},
                    {"2025-10-26T02:00:00Z", false},
                    {"2025-06-15T00:00:00Z", true},
                    {"2025-06-15T01:00:00Z", false}});
}

TEST(TimeIntervals, NewYorksOfficeHoursFollowItsClock) {
  const Texts texts{.times = {{"09:00", "17:00"}}, .location = "America/New_York"};
  ExpectAll(texts, {{"2025-03-08T13:59:00Z", false},
                    {"2025-03-08T14:00:00Z", true},
                    {"2025-03-09T12:59:00Z", false},
                    {"2025-03-09T13:00:00Z", true},  // an hour earlier than the day before
                    {"2025-03-09T21:00:00Z", false},
                    {"2025-11-02T13:59:00Z", false},
                    {"2025-11-02T14:00:00Z", true}});
}

TEST(TimeIntervals, LordHowesClockMovesByHalfAnHour) {
  const Texts texts{.times = {{"01:30", "02:30"}}, .location = "Australia/Lord_Howe"};
  ExpectAll(texts, {{"2025-10-04T14:59:00Z", false},
                    {"2025-10-04T15:00:00Z", true},  // 01:30
                    {"2025-10-04T15:29:00Z", true},  // 01:59, then 02:30
                    {"2025-10-04T15:30:00Z", false},
                    {"2025-04-05T14:29:00Z", false},
                    {"2025-04-05T14:30:00Z", true},  // 01:30, daylight-saving time
                    {"2025-04-05T15:00:00Z", true},  // 01:30 again
                    {"2025-04-05T15:59:00Z", true},
                    {"2025-04-05T16:00:00Z", false}});
}

TEST(TimeIntervals, NegativeDaysSurviveAMonthThatIsAnHourShortOrLong) {
  const Texts last{.days_of_month = {"-1"}, .location = "Europe/Berlin"};
  ExpectAll(last, {{"2025-03-30T12:00:00Z", false},
                   {"2025-03-30T21:59:59Z", false},
                   {"2025-03-30T22:00:00Z", true},
                   {"2025-03-31T21:59:59Z", true},
                   {"2025-03-31T22:00:00Z", false},
                   {"2025-10-30T22:59:59Z", false},
                   {"2025-10-30T23:00:00Z", true},
                   {"2025-10-31T22:59:59Z", true},
                   {"2025-10-31T23:00:00Z", false}});
}

TEST(TimeIntervals, TheDayIsThatOfTheZone) {
  const Texts texts{.weekdays = {"monday"}, .years = {"2025"}, .location = "America/New_York"};
  ExpectAll(texts, {{"2025-06-09T03:59:59Z", false},
                    {"2025-06-09T04:00:00Z", true},
                    {"2025-06-10T03:59:59Z", true},
                    {"2025-06-10T04:00:00Z", false}});
  const Texts year{.years = {"2025"}, .location = "America/New_York"};
  ExpectAll(year, {{"2026-01-01T04:59:59Z", true}, {"2026-01-01T05:00:00Z", false}});
}

TEST(TimeIntervals, AnySpecOfANameAndEveryNameThatHolds) {
  const TimeIntervals intervals = Intervals(
      {{"nights", {Spec({.times = {{"22:00", "24:00"}}}), Spec({.times = {{"00:00", "06:00"}}})}},
       {"weekends", {Spec({.weekdays = {"saturday"}}), Spec({.weekdays = {"sunday"}})}},
       {"never", {}}});
  EXPECT_TRUE(intervals.Contains("nights", TimeOf("2025-06-07T23:00:00Z")));
  EXPECT_TRUE(intervals.Contains("nights", TimeOf("2025-06-08T01:00:00Z")));
  EXPECT_FALSE(intervals.Contains("never", TimeOf("2025-06-08T01:00:00Z")));
  EXPECT_FALSE(intervals.Contains("unknown", TimeOf("2025-06-08T01:00:00Z")));
  EXPECT_TRUE(intervals.Has("never"));
  EXPECT_FALSE(intervals.Has("unknown"));
  using Names = std::vector<std::string>;
  const Names all{"weekends", "never", "unknown", "nights"};
  EXPECT_EQ(intervals.Covering(all, TimeOf("2025-06-08T01:00:00Z")), (Names{"weekends", "nights"}));
  EXPECT_EQ(intervals.Covering(all, TimeOf("2025-06-09T01:00:00Z")), (Names{"nights"}));
  EXPECT_EQ(intervals.Covering(all, TimeOf("2025-06-09T12:00:00Z")), Names{});
}

TEST(TimeIntervals, AnUnknownZoneIsRefused) {
  config::TimeIntervalSpec spec;
  spec.location = "Mars/Olympus";
  const Result<TimeIntervals> made = TimeIntervals::Make({{"nights", {spec}}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.message(), "time interval nights: unknown time zone Mars/Olympus");
}

}  // namespace
}  // namespace tocsin::receivers
