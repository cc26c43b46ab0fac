// Points in time and spans as templates see them: to the nanosecond, with the zone they are shown
// in, and able to be "no time at all" (year 1), which the daemon's millisecond Timestamp is not.
//
// Plain values. The calendar is the proleptic Gregorian one, as in Go.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace tocsin::gotemplate {

struct Span {
  std::int64_t nanos = 0;
  friend auto operator<=>(const Span&, const Span&) = default;
};

// Seconds between the years 1 and 1970.
inline constexpr std::int64_t kZeroTimeSeconds = -62135596800;

// The zone is the one of this instant only: a time that is moved keeps offset and abbreviation.
struct Time {
  std::int64_t seconds = kZeroTimeSeconds;  // since the Unix epoch
  std::int32_t nanos = 0;                   // 0..999'999'999
  std::int32_t offset_seconds = 0;          // east of UTC
  std::string zone = "UTC";                 // abbreviation; empty if there is none

  bool is_zero() const { return seconds == kZeroTimeSeconds && nanos == 0; }
  friend bool operator==(const Time&, const Time&) = default;
};

struct CivilTime {
  std::int64_t year = 1;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 1;  // 0 is Sunday
  int year_day = 1;
};

Time TimeFromTimestamp(Timestamp t);
// The wall clock of the time's own zone.
CivilTime ToCivil(const Time& time);
// Seconds since the epoch of a wall clock in UTC. The day must exist; other fields are used.
std::int64_t SecondsFromCivil(const CivilTime& civil);
int DaysInMonth(std::int64_t year, int month);

std::strong_ordering CompareInstants(const Time& a, const Time& b);
// Saturates at what a span can hold.
Span Subtract(const Time& a, const Time& b);
Time Add(const Time& time, Span span);
Time InUtc(const Time& time);

// "1h2m3.5s", "1.5ms", "0s".
std::string FormatSpan(Span span);
// Towards zero, and half away from zero, to a multiple of `unit`; a unit <= 0 changes nothing.
Span TruncateSpan(Span span, Span unit);
Span RoundSpan(Span span, Span unit);

}  // namespace tocsin::gotemplate
