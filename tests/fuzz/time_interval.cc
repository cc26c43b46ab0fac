// The range texts of time intervals: what is accepted lies within its bounds, is written back, and
// read again as the same; asking whether an instant lies in it ends.
#include "config/time_interval.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "receivers/mute/time_intervals.h"

namespace tocsin::config {
namespace {

void CheckRange(std::string_view text, Result<IntRange> (*parse)(std::string_view),
                std::string (*format)(const IntRange&), IntRange bounds,
                std::vector<IntRange>* field) {
  const Result<IntRange> range = parse(text);
  if (!range) return;
  CHECK(range->begin >= bounds.begin && range->begin <= bounds.end);
  CHECK(range->end >= bounds.begin && range->end <= bounds.end);
  const Result<IntRange> again = parse(format(*range));
  CHECK(again.ok() && *again == *range);
  field->push_back(*range);
}

void CheckClock(std::string_view start, std::string_view end, TimeIntervalSpec* spec) {
  const Result<ClockRange> range = ParseClockTimes(start, end);
  if (!range) return;
  CHECK(range->start >= 0 && range->start < range->end && range->end <= 1440);
  const Result<ClockRange> again =
      ParseClockTimes(FormatClockTime(range->start), FormatClockTime(range->end));
  CHECK(again.ok() && *again == *range);
  spec->times.push_back(*range);
}

}  // namespace
}  // namespace tocsin::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;          // NOLINT(google-build-using-namespace)
  using namespace tocsin::config;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr IntRange kAnyInt{INT32_MIN, INT32_MAX};
  TimeIntervalSpec spec;
  CheckRange(text, ParseWeekdayRange, FormatWeekdayRange, {0, 6}, &spec.weekdays);
  CheckRange(text, ParseDayOfMonthRange, FormatIntRange, {-31, 31}, &spec.days_of_month);
  CheckRange(text, ParseMonthRange, FormatMonthRange, {1, 12}, &spec.months);
  CheckRange(text, ParseYearRange, FormatIntRange, kAnyInt, &spec.years);
  const std::size_t dash = text.find('-');
  CheckClock(text.substr(0, dash), dash == std::string_view::npos ? text : text.substr(dash + 1),
             &spec);
  if (CheckLocation(text).ok()) spec.location = text;
  const Result<receivers::TimeIntervals> intervals =
      receivers::TimeIntervals::Make({{"x", {spec}}});
  CHECK(intervals.ok());
  intervals->Contains("x", FromUnixMillis(1'743'300'000'000));  // 2025-03-30T02:00:00Z
  return 0;
}
