// Times and spans: layouts, reading, methods. Expectations follow the documentation of Go's time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/template/time_format.h"
#include "tests/unit/base/template_fixture.h"

namespace tocsin::gotemplate {
namespace {

using ::testing::HasSubstr;

Time At(std::int64_t millis, int offset = 0, std::string zone = "UTC") {
  Time time = TimeFromTimestamp(FromUnixMillis(millis));
  time.offset_seconds = offset;
  time.zone = std::move(zone);
  return time;
}

struct LayoutCase {
  std::string_view layout;
  std::string_view want;
};

TEST(TemplateTime, LayoutsShowEachPart) {
  const std::vector<LayoutCase> cases = {
      {"2006-01-02 15:04:05", "2026-01-02 03:04:05"},
      {"Mon Jan _2 15:04:05 2006", "Fri Jan  2 03:04:05 2026"},
      {"Monday, 2 January 2006", "Friday, 2 January 2026"},
      {"06 1 2 3 4 5 PM pm", "26 1 2 3 4 5 AM am"},
      {"03:04 002 __2", "03:04 002   2"},
      {"05.000 05.999 05,0 05.0000000", "05.678 05.678 05,6 05.6780000"},
      {"MST -0700 -07:00 -07 Z07:00 Z0700", "UTC +0000 +00:00 +00 Z Z"},
      {"2006-01-02T15:04:05Z07:00", "2026-01-02T03:04:05Z"},
      {"Month Janet _2006 text", "Month Janet _2026 text"},
      {"", ""},
  };
  for (const LayoutCase& c : cases)
    EXPECT_EQ(FormatTime(At(1767323045678), c.layout), c.want) << c.layout;
}

TEST(TemplateTime, ZonesShiftTheClock) {
  const Time kolkata = At(1767323045678, 19800, "IST");
  EXPECT_EQ(FormatTime(kolkata, "15:04 MST -0700 -07:00:00 Z07:00"),
            "08:34 IST +0530 +05:30:00 +05:30");
  EXPECT_EQ(FormatTimeDefault(kolkata), "2026-01-02 08:34:05.678 +0530 IST");
  EXPECT_EQ(FormatTimeDefault(At(1767323045000, -12600, "")), "2026-01-01 23:34:05 -0330 -0330");
}

TEST(TemplateTime, TheZeroTimeIsTheYearOne) {
  EXPECT_EQ(FormatTimeDefault(Time()), "0001-01-01 00:00:00 +0000 UTC");
  EXPECT_TRUE(Time().is_zero());
  EXPECT_FALSE(At(0).is_zero());
  EXPECT_EQ(FormatTime(Time(), "Monday"), "Monday");
}

TEST(TemplateTime, TheCalendarKnowsLeapYears) {
  EXPECT_EQ(FormatTime(At(951782400000), "2006-01-02 Mon 002"), "2000-02-29 Tue 060");
  EXPECT_EQ(FormatTime(At(-1), "2006-01-02 15:04:05.000"), "1969-12-31 23:59:59.999");
  EXPECT_EQ(DaysInMonth(1900, 2), 28);
  EXPECT_EQ(DaysInMonth(2000, 2), 29);
}

struct ParseCase {
  std::string_view layout;
  std::string_view text;
  std::string_view want;
};

TEST(TemplateTime, ReadsByLayout) {
  const std::vector<ParseCase> cases = {
      {"2006-01-02", "2026-03-04", "2026-03-04 00:00:00 +0000 UTC"},
      {"2006-01-02T15:04:05Z07:00", "2026-03-04T05:06:07Z", "2026-03-04 05:06:07 +0000 UTC"},
      {"2006-01-02T15:04:05Z07:00", "2026-03-04T05:06:07.25+02:00",
       "2026-03-04 05:06:07.25 +0200 +0200"},
      {"Jan 2 2006 3:04PM", "mar 14 2026 12:30AM", "2026-03-14 00:30:00 +0000 UTC"},
      {"Jan 2 2006 3:04PM", "Mar 14 2026 1:30PM", "2026-03-14 13:30:00 +0000 UTC"},
      {"Monday 02-Jan-06", "Wednesday 04-Mar-26", "2026-03-04 00:00:00 +0000 UTC"},
      {"2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"},
      {"15:04:05.000", "05:06:07.125", "0000-01-01 05:06:07.125 +0000 UTC"},
      {"2006-01-02 15:04 MST", "2026-03-04 05:06 CET", "2026-03-04 05:06:00 +0000 CET"},
      {"_2 Jan 2006", " 4 Mar 2026", "2026-03-04 00:00:00 +0000 UTC"},
  };
  for (const ParseCase& c : cases) {
    const Result<Time> time = ParseTime(c.layout, c.text);
    ASSERT_TRUE(time.ok()) << c.text << ": " << time.message();
    EXPECT_EQ(FormatTimeDefault(*time), c.want) << c.text;
  }
}

TEST(TemplateTime, RefusesWhatTheLayoutDoesNotSay) {
  const std::vector<ParseCase> cases = {
      {"2006-01-02", "2026-3-4", "\"3-4\" is not \"01\""},
      {"2006-01-02", "2026-13-04", "month out of range"},
      {"2006-01-02", "2026-02-30", "day out of range"},
      {"2006-01-02", "2026-02-03 x", "extra text \" x\""},
      {"15:04", "24:00", "hour out of range"},
      {"15:04", "23:60", "minute out of range"},
      {"Jan", "Foo", "\"Foo\" is not \"Jan\""},
      {"2006-01-02", "", "\"\" is not \"2006\""},
      {"2006 002", "2025 366", "day out of range"},
      {"2006 002", "2025 000", "day out of range"},
      {"-0700", "+2x00", "is not \"-0700\""},
  };
  for (const ParseCase& c : cases) {
    const Result<Time> time = ParseTime(c.layout, c.text);
    ASSERT_FALSE(time.ok()) << c.text;
    EXPECT_THAT(time.message(), HasSubstr(std::string(c.want))) << c.text;
  }
}

struct SpanCase {
  std::int64_t nanos;
  std::string_view want;
};

TEST(TemplateTime, SpansArePrintedInTheirLargestUnits) {
  const std::vector<SpanCase> cases = {
      {0, "0s"},
      {1, "1ns"},
      {1'100, "1.1µs"},
      {2'200'000, "2.2ms"},
      {3'300'000'000, "3.3s"},
      {245'000'000'000, "4m5s"},
      {245'001'000'000, "4m5.001s"},
      {18'367'001'000'000, "5h6m7.001s"},
      {3'600'000'000'000, "1h0m0s"},
      {-1'500'000'000, "-1.5s"},
      {std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
      {std::numeric_limits<std::int64_t>::min(), "-2562047h47m16.854775808s"},
  };
  for (const SpanCase& c : cases) EXPECT_EQ(FormatSpan(Span{c.nanos}), c.want);
}

TEST(TemplateTime, RoundingGoesHalfAwayFromZero) {
  EXPECT_EQ(FormatSpan(RoundSpan(Span{1'500'000'000}, Span{1'000'000'000})), "2s");
  EXPECT_EQ(FormatSpan(RoundSpan(Span{-1'500'000'000}, Span{1'000'000'000})), "-2s");
  EXPECT_EQ(FormatSpan(RoundSpan(Span{1'499'000'000}, Span{1'000'000'000})), "1s");
  EXPECT_EQ(FormatSpan(TruncateSpan(Span{1'999'000'000}, Span{1'000'000'000})), "1s");
  EXPECT_EQ(FormatSpan(TruncateSpan(Span{1'999}, Span{0})), "1.999µs");
  const Span largest{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(RoundSpan(largest, Span{3'600'000'000'000}), largest);
}

TEST(TemplateTime, MovingAndSubtractingSaturate) {
  const Time far{std::numeric_limits<std::int64_t>::max() / 2, 0, 0, "UTC"};
  EXPECT_EQ(Subtract(far, Time()).nanos, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Subtract(Time(), far).nanos, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(FormatTimeDefault(Add(At(0), Span{-1})), "1969-12-31 23:59:59.999999999 +0000 UTC");
}

TEST(TemplateTime, Methods) {
  const std::vector<LayoutCase> cases = {
      {"{{.At.Format \"15:04\"}} {{.At.Unix}} {{.At.UnixMilli}}", "03:04 1767323045 1767323045678"},
      {"{{.At.Year}}-{{.At.Day}} {{.At.Hour}} {{.At.Minute}} {{.At.Second}} {{.At.YearDay}}",
       "2026-2 3 4 5 2"},
      {"{{.At.IsZero}} {{(index .Alerts 0).EndsAt.IsZero}}", "false true"},
      {"{{(.At.Add .Span).Format \"15:04:05.0\"}} {{.At.Add 1000000000 | date \"05\"}}",
       "04:06:09.1 06"},
      {"{{(.At.Add .Span).Sub .At}}", "1h2m3.5s"},
      {"{{$later := .At.Add .Span}}{{.At.Before $later}} {{.At.After $later}} {{.At.Equal .At}}",
       "true false true"},
      {"{{.Span.Seconds}} {{.Span.Milliseconds}} {{.Span.Hours | printf \"%.2f\"}}",
       "3723.5 3723500 1.03"},
      {"{{.Span.Round 1000000000}} {{.Span.Truncate 60000000000}} {{.Span.String}}",
       "1h2m4s 1h2m0s 1h2m3.5s"},
      {"{{.At.UTC.String}}", "2026-01-02 03:04:05.678 +0000 UTC"},
  };
  for (const LayoutCase& c : cases) EXPECT_EQ(Execute(c.layout), c.want) << c.layout;
  EXPECT_THAT(Execute("{{.At.Format}}"), HasSubstr("wrong number of arguments: want 1, got 0"));
  EXPECT_THAT(Execute("{{.At.Sub 1}}"), HasSubstr("want time.Time, got int"));
  EXPECT_THAT(Execute("{{.At.Nope}}"), HasSubstr("type time.Time has no field or method \"Nope\""));
}

}  // namespace
}  // namespace tocsin::gotemplate
