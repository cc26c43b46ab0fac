#include "config/time_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <system_error>

#include "base/text.h"
#include "base/time_zone.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
// The shortest month: what no month can hold is refused.
constexpr int kShortestMonth = 28;

template <std::size_t n>
std::optional<int> IndexOf(const std::string_view (&names)[n], std::string_view name) {
  const auto* const it = std::find(std::begin(names), std::end(names), name);
  if (it == std::end(names)) return std::nullopt;
  return static_cast<int>(it - std::begin(names));
}

// A whole number as Go's strconv.Atoi reads it, and its words where it does not.
Result<int> ParseNumber(std::string_view text) {
  std::string_view digits = text;
  if (digits.substr(0, 1) == "+") digits.remove_prefix(1);
  const bool signed_twice = digits.size() != text.size() && digits.substr(0, 1) == "-";
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end == digits.data() + digits.size() && !signed_twice;
  if (whole && error == std::errc()) return value;
  const bool too_big = whole && error == std::errc::result_out_of_range;
  return Error{fmt::format("strconv.Atoi: parsing {}: {}", QuoteForMessage(text),
                           too_big ? "value out of range" : "invalid syntax")};
}

Result<int> ParseWeekday(std::string_view text) {
  const std::optional<int> index = IndexOf(kWeekdays, text);
  if (index) return *index;
  return Error{fmt::format("{} is not a valid weekday", text)};
}

Result<int> ParseMonth(std::string_view text) {
  if (const std::optional<int> index = IndexOf(kMonths, text)) return *index + 1;
  Result<int> number = ParseNumber(text);
  if (number.ok() && *number >= 1 && *number <= 12) return number;
  return Error{fmt::format("{} is not a valid month{}", text, number.ok() ? ": out of range" : "")};
}

// "a:b", or "a" for "a:a".
template <typename ParseMember>
Result<IntRange> ParseRange(std::string_view text, ParseMember parse_member) {
  const std::string lower = ToLowerAscii(text);
  const std::vector<std::string_view> parts = Split(lower, ':');
  if (parts.size() > 2) {
    return Error{fmt::format("couldn't parse range {}, invalid format", lower)};
  }
  const Result<int> begin = parse_member(parts.front());
  if (!begin) return begin.error();
  const Result<int> end = parse_member(parts.back());
  if (!end) return end.error();
  return IntRange{*begin, *end};
}

Result<int> ParseClockTime(std::string_view text) {
  const auto digit = [text](std::size_t i) { return text[i] - '0'; };
  const auto is_digit = [&](std::size_t i) { return digit(i) >= 0 && digit(i) <= 9; };
  Error fault{fmt::format("couldn't parse timestamp {}, invalid format", text)};
  if (text.size() != 5 || text[2] != ':') return fault;
  if (!is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4)) return fault;
  const int hour = digit(0) * 10 + digit(1);
  const int minute = digit(3) * 10 + digit(4);
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return fault;
  return hour * 60 + minute;
}

}  // namespace

Result<ClockRange> ParseClockTimes(std::string_view start, std::string_view end) {
  if (start.empty() || end.empty()) return Error{"both start and end times must be provided"};
  const Result<int> from = ParseClockTime(start);
  if (!from) return from.error();
  const Result<int> to = ParseClockTime(end);
  if (!to) return to.error();
  if (*from >= *to) return Error{"start time cannot be equal or greater than end time"};
  return ClockRange{*from, *to};
}

Result<IntRange> ParseWeekdayRange(std::string_view text) {
  Result<IntRange> range = ParseRange(text, ParseWeekday);
  if (range.ok() && range->begin > range->end) return Error{"start day cannot be before end day"};
  return range;
}

Result<IntRange> ParseDayOfMonthRange(std::string_view text) {
  Result<IntRange> range = ParseRange(text, ParseNumber);
  if (!range) return range;
  for (const int day : {range->begin, range->end}) {
    if (day >= -31 && day <= 31 && day != 0) continue;
    return Error{fmt::format("{} is not a valid day of the month: out of range", day)};
  }
  if (range->begin < 0 && range->end > 0) {
    return Error{"end day must be negative if start day is negative"};
  }
  const auto in_shortest = [](int day) { return day < 0 ? kShortestMonth + day : day; };
  if (in_shortest(range->begin) > in_shortest(range->end)) {
    return Error{fmt::format("end day {} is always before start day {}", range->end, range->begin)};
  }
  return range;
}

Result<IntRange> ParseMonthRange(std::string_view text) {
  Result<IntRange> range = ParseRange(text, ParseMonth);
  if (!range || range->begin <= range->end) return range;
  return Error{fmt::format("end month {} is before start month {}", kMonths[range->end - 1],
                           kMonths[range->begin - 1])};
}

Result<IntRange> ParseYearRange(std::string_view text) {
  Result<IntRange> range = ParseRange(text, ParseNumber);
  if (!range || range->begin <= range->end) return range;
  return Error{fmt::format("end year {} is before start year {}", range->end, range->begin)};
}

Status CheckLocation(std::string_view name) {
  const Result<TimeZone> zone = TimeZone::Find(name);
  return zone.ok() ? Status() : zone.error();
}

std::string FormatClockTime(int minute_of_day) {
  return fmt::format("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60);
}

std::string FormatWeekdayRange(const IntRange& range) {
  const std::string_view begin = kWeekdays[range.begin];
  if (range.begin == range.end) return std::string(begin);
  return fmt::format("{}:{}", begin, kWeekdays[range.end]);
}

std::string FormatMonthRange(const IntRange& range) { return FormatIntRange(range); }

std::string FormatIntRange(const IntRange& range) {
  if (range.begin == range.end) return fmt::format("{}", range.begin);
  return fmt::format("{}:{}", range.begin, range.end);
}

}  // namespace tocsin::config
