// Time intervals of alertmanager.yml as plain structs, and the readers and writers of the texts in
// them ("monday:friday", "-3:-1"). Whether an instant lies in one is receivers/mute's business.
// Pure functions; messages are Alertmanager's.
// https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::config {

// Minutes of the day: start is in, end is out. 0 <= start < end <= 1440.
struct ClockRange {
  int start = 0;
  int end = 0;
  friend bool operator==(const ClockRange&, const ClockRange&) = default;
};

// Both ends are in.
struct IntRange {
  int begin = 0;
  int end = 0;
  friend bool operator==(const IntRange&, const IntRange&) = default;
};

// Fields AND, the elements of a field OR; an empty field does not restrict.
struct TimeIntervalSpec {
  std::vector<ClockRange> times;
  std::vector<IntRange> weekdays;       // 0 is Sunday
  std::vector<IntRange> days_of_month;  // 1 to 31, or -31 to -1, which count from the month's end
  std::vector<IntRange> months;         // 1 to 12
  std::vector<IntRange> years;
  std::string location;  // an IANA name, "UTC" or "Local"; empty: UTC
  friend bool operator==(const TimeIntervalSpec&, const TimeIntervalSpec&) = default;
};

// Its specs OR.
struct TimeInterval {
  std::string name;
  std::vector<TimeIntervalSpec> specs;
  friend bool operator==(const TimeInterval&, const TimeInterval&) = default;
};

// "09:00", "24:00".
Result<ClockRange> ParseClockTimes(std::string_view start, std::string_view end);
// "monday:friday", "saturday"; any case.
Result<IntRange> ParseWeekdayRange(std::string_view text);
// "1:7", "-3:-1", "31".
Result<IntRange> ParseDayOfMonthRange(std::string_view text);
// "january:march", "1:3", "december"; any case.
Result<IntRange> ParseMonthRange(std::string_view text);
// "2024:2026", "2024".
Result<IntRange> ParseYearRange(std::string_view text);
// Whether the zone is known here.
Status CheckLocation(std::string_view name);

// As Alertmanager writes them, and the parsers above read them back. REQUIRES: values that a parser
// above returned.
std::string FormatClockTime(int minute_of_day);         // "09:00"
std::string FormatWeekdayRange(const IntRange& range);  // "monday:friday"
std::string FormatMonthRange(const IntRange& range);    // "1:3"
std::string FormatIntRange(const IntRange& range);      // "-3:-1": days of the month, years

}  // namespace tocsin::config
