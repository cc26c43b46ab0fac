#include "base/template/time_layout.h"

#include <algorithm>

namespace tocsin::gotemplate {
namespace {

using Element = LayoutElement;

struct Word {
  std::string_view text;
  Element element;
};

// The longest first, where one begins with another.
constexpr Word kWords[] = {
    {"January", Element::kLongMonth},
    {"Jan", Element::kMonth},
    {"Monday", Element::kLongWeekday},
    {"Mon", Element::kWeekday},
    {"MST", Element::kZoneName},
    {"2006", Element::kLongYear},
    {"002", Element::kZeroYearDay},
    {"01", Element::kZeroMonth},
    {"02", Element::kZeroDay},
    {"03", Element::kZeroHour12},
    {"04", Element::kZeroMinute},
    {"05", Element::kZeroSecond},
    {"06", Element::kYear},
    {"15", Element::kHour},
    {"1", Element::kNumMonth},
    {"2", Element::kDay},
    {"__2", Element::kUnderYearDay},
    {"_2", Element::kUnderDay},
    {"3", Element::kHour12},
    {"4", Element::kMinute},
    {"5", Element::kSecond},
    {"PM", Element::kUpperPm},
    {"pm", Element::kLowerPm},
    {"-07:00:00", Element::kZoneOffset},
    {"-070000", Element::kZoneOffset},
    {"-07:00", Element::kZoneOffset},
    {"-0700", Element::kZoneOffset},
    {"-07", Element::kZoneOffset},
    {"Z07:00:00", Element::kIsoZoneOffset},
    {"Z070000", Element::kIsoZoneOffset},
    {"Z07:00", Element::kIsoZoneOffset},
    {"Z0700", Element::kIsoZoneOffset},
    {"Z07", Element::kIsoZoneOffset},
};

// .000 or ,999: a run of one digit with no other digit behind it. Its length, or 0.
std::size_t FractionLength(std::string_view text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',')) return 0;
  if (text[1] != '0' && text[1] != '9') return 0;
  const std::size_t end = std::min(text.find_first_not_of(text[1], 1), text.size());
  return HasDigitAt(text, end) ? 0 : end;
}

// "Jan" and "Mon" are no elements in "Janet" and "Month".
bool GoesOnAsWord(Element element, std::string_view rest) {
  const bool abbreviation = element == Element::kMonth || element == Element::kWeekday;
  return abbreviation && !rest.empty() && rest.front() >= 'a' && rest.front() <= 'z';
}

// "_2006" is a line below and a year.
bool IsYearAfterUnderscore(std::string_view text) { return text.substr(0, 5) == "_2006"; }

bool ElementAt(std::string_view text, LayoutPiece* piece) {
  if (const std::size_t length = FractionLength(text); length > 0) {
    piece->element = text[1] == '0' ? Element::kFractionZeros : Element::kFractionNines;
    piece->text = text.substr(0, length);
    return true;
  }
  if (IsYearAfterUnderscore(text)) return false;
  for (const Word& word : kWords) {
    if (text.substr(0, word.text.size()) != word.text) continue;
    if (GoesOnAsWord(word.element, text.substr(word.text.size()))) continue;
    piece->element = word.element;
    piece->text = text.substr(0, word.text.size());
    return true;
  }
  return false;
}

}  // namespace

bool HasDigitAt(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

LayoutPiece NextElement(std::string_view layout) {
  LayoutPiece piece;
  for (std::size_t at = 0; at < layout.size(); ++at) {
    if (!ElementAt(layout.substr(at), &piece)) continue;
    piece.literal = layout.substr(0, at);
    piece.rest = layout.substr(at + piece.text.size());
    return piece;
  }
  piece.literal = layout;
  return piece;
}

ZoneShape ShapeOfZone(std::string_view text) {
  const auto digits =
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return {digits >= 4, digits >= 6, text.find(':') != std::string_view::npos};
}

}  // namespace tocsin::gotemplate
