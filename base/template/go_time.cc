#include "base/template/go_time.h"

#include <fmt/format.h>

#include <limits>

namespace tocsin::gotemplate {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kMaxNanos = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinNanos = std::numeric_limits<std::int64_t>::min();

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// Years begin in March here, so that the leap day is a year's last and months follow one formula.
std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  if (month <= 2) --year;
  const std::int64_t era = FloorDivide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void SetDate(std::int64_t days, CivilTime* civil) {
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = FloorDivide(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  civil->day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil->month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil->year = year_of_era + era * 400 + (civil->month <= 2 ? 1 : 0);
  civil->year_day = static_cast<int>(days - DaysFromCivil(civil->year, 1, 1)) + 1;
  const std::int64_t weekday = (days + 4) % 7;  // 1 January 1970 was a Thursday
  civil->weekday = static_cast<int>(weekday < 0 ? weekday + 7 : weekday);
}

bool IsLeapYear(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::int64_t Saturate(bool negative) { return negative ? kMinNanos : kMaxNanos; }

// "1.5" of 1500 and unit 1000: no zeros behind, no point where nothing follows.
std::string Fraction(std::uint64_t value, std::uint64_t unit) {
  std::string text = fmt::format("{}", value / unit);
  std::uint64_t rest = value % unit;
  if (rest == 0) return text;
  text += '.';
  for (std::uint64_t digit = unit / 10; rest > 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text;
}

}  // namespace

Time TimeFromTimestamp(Timestamp t) {
  const std::int64_t millis = ToUnixMillis(t);
  Time time;
  time.seconds = FloorDivide(millis, 1000);
  time.nanos = static_cast<std::int32_t>((millis - time.seconds * 1000) * 1'000'000);
  return time;
}

CivilTime ToCivil(const Time& time) {
  const std::int64_t local = time.seconds + time.offset_seconds;
  const std::int64_t days = FloorDivide(local, kSecondsPerDay);
  const auto second_of_day = static_cast<int>(local - days * kSecondsPerDay);
  CivilTime civil;
  SetDate(days, &civil);
  civil.hour = second_of_day / 3600;
  civil.minute = second_of_day / 60 % 60;
  civil.second = second_of_day % 60;
  return civil;
}

std::int64_t SecondsFromCivil(const CivilTime& civil) {
  return DaysFromCivil(civil.year, civil.month, civil.day) * kSecondsPerDay + civil.hour * 3600 +
         civil.minute * 60 + civil.second;
}

int DaysInMonth(std::int64_t year, int month) {
  if (month == 2) return IsLeapYear(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::strong_ordering CompareInstants(const Time& a, const Time& b) {
  if (a.seconds != b.seconds) return a.seconds <=> b.seconds;
  return a.nanos <=> b.nanos;
}

Span Subtract(const Time& a, const Time& b) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  const bool negative = CompareInstants(a, b) < 0;
  if (__builtin_sub_overflow(a.seconds, b.seconds, &seconds) ||
      __builtin_mul_overflow(seconds, kNanosPerSecond, &nanos) ||
      __builtin_add_overflow(nanos, std::int64_t{a.nanos} - b.nanos, &nanos)) {
    return {Saturate(negative)};
  }
  return {nanos};
}

Time Add(const Time& time, Span span) {
  Time moved = time;
  const std::int64_t nanos = time.nanos + span.nanos % kNanosPerSecond;
  const std::int64_t carry = FloorDivide(nanos, kNanosPerSecond);
  const std::int64_t seconds = span.nanos / kNanosPerSecond + carry;
  if (__builtin_add_overflow(time.seconds, seconds, &moved.seconds)) return time;
  moved.nanos = static_cast<std::int32_t>(nanos - carry * kNanosPerSecond);
  return moved;
}

Time InUtc(const Time& time) { return Time{time.seconds, time.nanos, 0, "UTC"}; }

std::string FormatSpan(Span span) {
  if (span.nanos == 0) return "0s";
  const bool negative = span.nanos < 0;
  const std::string sign = negative ? "-" : "";
  // The smallest span has no positive counterpart; unsigned arithmetic knows it all the same.
  const std::uint64_t nanos = negative ? 0 - static_cast<std::uint64_t>(span.nanos)
                                       : static_cast<std::uint64_t>(span.nanos);
  if (nanos < 1'000) return fmt::format("{}{}ns", sign, nanos);
  if (nanos < 1'000'000) return sign + Fraction(nanos, 1'000) + "\u00b5s";
  if (nanos < 1'000'000'000) return sign + Fraction(nanos, 1'000'000) + "ms";

  const std::uint64_t minutes = nanos / 60'000'000'000;
  const std::string seconds = Fraction(nanos % 60'000'000'000, 1'000'000'000) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

Span TruncateSpan(Span span, Span unit) {
  if (unit.nanos <= 0) return span;
  return {span.nanos - span.nanos % unit.nanos};
}

Span RoundSpan(Span span, Span unit) {
  if (unit.nanos <= 0) return span;
  const bool negative = span.nanos < 0;
  const std::int64_t rest = span.nanos % unit.nanos;
  const std::int64_t down = span.nanos - rest;
  const std::int64_t distance = negative ? -rest : rest;
  if (distance < unit.nanos - distance) return {down};
  std::int64_t up = 0;
  if (__builtin_add_overflow(down, negative ? -unit.nanos : unit.nanos, &up)) {
    return {Saturate(negative)};
  }
  return {up};
}

}  // namespace tocsin::gotemplate
