// The elements of a time layout, shared by formatting and parsing. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin::gotemplate {

enum class LayoutElement : std::uint8_t {
  kNone,  // the layout ends without another element
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kWeekday,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kUpperPm,
  kLowerPm,
  kZoneName,
  kZoneOffset,     // -0700 and its kin
  kIsoZoneOffset,  // Z07:00 and its kin
  kFractionZeros,  // .000, ,000
  kFractionNines,  // .999
};

struct LayoutPiece {
  std::string_view literal;  // in front of the element
  LayoutElement element = LayoutElement::kNone;
  std::string_view text;  // of the element
  std::string_view rest;  // behind it
};

bool HasDigitAt(std::string_view text, std::size_t at);

// The first element of the layout.
LayoutPiece NextElement(std::string_view layout);

// What a zone's text asks for: hours only, minutes, seconds; with colons or without.
struct ZoneShape {
  bool minutes = false;
  bool seconds = false;
  bool colons = false;
};
ZoneShape ShapeOfZone(std::string_view text);

}  // namespace tocsin::gotemplate
