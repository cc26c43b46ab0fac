#include "base/template/time_format.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "base/template/time_layout.h"

namespace tocsin::gotemplate {
namespace {

using Element = LayoutElement;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

int TwelveHour(int hour) { return hour % 12 == 0 ? 12 : hour % 12; }

std::string FormatYear(std::int64_t year) {
  return year < 0 ? fmt::format("-{:04}", -year) : fmt::format("{:04}", year);
}

std::string FormatOffset(int offset_seconds, ZoneShape shape) {
  const int absolute = std::abs(offset_seconds);
  const std::string_view colon = shape.colons ? ":" : "";
  std::string text = fmt::format("{}{:02}", offset_seconds < 0 ? '-' : '+', absolute / 3600);
  if (shape.minutes) text += fmt::format("{}{:02}", colon, absolute / 60 % 60);
  if (shape.seconds) text += fmt::format("{}{:02}", colon, absolute % 60);
  return text;
}

std::string FormatZoneName(const Time& time) {
  if (!time.zone.empty()) return time.zone;
  return FormatOffset(time.offset_seconds, {true, false, false});
}

// The separator and as many digits as the layout has; trailing zeros go under nines.
std::string FormatFraction(std::int32_t nanos, std::string_view layout, bool trim) {
  std::string digits = fmt::format("{:09}", nanos).substr(0, layout.size() - 1);
  digits.resize(layout.size() - 1, '0');
  if (trim) digits.erase(digits.find_last_not_of('0') + 1);
  return digits.empty() ? digits : layout[0] + digits;
}

std::string FormatElement(const Time& time, const CivilTime& civil, const LayoutPiece& piece) {
  switch (piece.element) {
    case Element::kNone:
      return "";
    case Element::kLongMonth:
      return std::string(MonthName(civil.month));
    case Element::kMonth:
      return std::string(MonthName(civil.month).substr(0, 3));
    case Element::kNumMonth:
      return fmt::format("{}", civil.month);
    case Element::kZeroMonth:
      return fmt::format("{:02}", civil.month);
    case Element::kLongWeekday:
      return std::string(WeekdayName(civil.weekday));
    case Element::kWeekday:
      return std::string(WeekdayName(civil.weekday).substr(0, 3));
    case Element::kDay:
      return fmt::format("{}", civil.day);
    case Element::kUnderDay:
      return fmt::format("{:2}", civil.day);
    case Element::kZeroDay:
      return fmt::format("{:02}", civil.day);
    case Element::kUnderYearDay:
      return fmt::format("{:3}", civil.year_day);
    case Element::kZeroYearDay:
      return fmt::format("{:03}", civil.year_day);
    case Element::kHour:
      return fmt::format("{:02}", civil.hour);
    case Element::kHour12:
      return fmt::format("{}", TwelveHour(civil.hour));
    case Element::kZeroHour12:
      return fmt::format("{:02}", TwelveHour(civil.hour));
    case Element::kMinute:
      return fmt::format("{}", civil.minute);
    case Element::kZeroMinute:
      return fmt::format("{:02}", civil.minute);
    case Element::kSecond:
      return fmt::format("{}", civil.second);
    case Element::kZeroSecond:
      return fmt::format("{:02}", civil.second);
    case Element::kLongYear:
      return FormatYear(civil.year);
    case Element::kYear:
      return fmt::format("{:02}", (civil.year % 100 + 100) % 100);
    case Element::kUpperPm:
      return civil.hour >= 12 ? "PM" : "AM";
    case Element::kLowerPm:
      return civil.hour >= 12 ? "pm" : "am";
    case Element::kZoneName:
      return FormatZoneName(time);
    case Element::kIsoZoneOffset:
      if (time.offset_seconds == 0) return "Z";
      return FormatOffset(time.offset_seconds, ShapeOfZone(piece.text));
    case Element::kZoneOffset:
      return FormatOffset(time.offset_seconds, ShapeOfZone(piece.text));
    case Element::kFractionZeros:
      return FormatFraction(time.nanos, piece.text, false);
    case Element::kFractionNines:
      return FormatFraction(time.nanos, piece.text, true);
  }
  return "";
}

}  // namespace

std::string_view MonthName(int month) { return kMonths[static_cast<std::size_t>(month - 1)]; }
std::string_view WeekdayName(int weekday) { return kWeekdays[static_cast<std::size_t>(weekday)]; }

std::string FormatTime(const Time& time, std::string_view layout) {
  const CivilTime civil = ToCivil(time);
  std::string out;
  while (!layout.empty()) {
    const LayoutPiece piece = NextElement(layout);
    out += piece.literal;
    out += FormatElement(time, civil, piece);
    layout = piece.rest;
  }
  return out;
}

std::string FormatTimeDefault(const Time& time) {
  return FormatTime(time, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string FormatTimeRfc3339(const Time& time) {
  return FormatTime(time, "2006-01-02T15:04:05.999999999Z07:00");
}

}  // namespace tocsin::gotemplate
