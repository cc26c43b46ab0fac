// Reading a time by its layout. Go's rules: numbers of one digit where the layout has one, the
// names of months and days in any case, a fraction behind the seconds even if the layout has none.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/template/time_format.h"
#include "base/template/time_layout.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

using Element = LayoutElement;

class TimeParser {
 public:
  TimeParser(std::string_view layout, std::string_view text)
      : whole_layout_(layout), whole_text_(text), rest_(text) {}

  Result<Time> Run() {
    std::string_view layout = whole_layout_;
    while (true) {
      const LayoutPiece piece = NextElement(layout);
      if (!SkipLiteral(piece.literal)) return Fail(piece.literal);
      if (piece.element == Element::kNone) break;
      layout = piece.rest;
      if (!ReadElement(piece, layout)) return Fail(piece.text);
      if (!out_of_range_.empty()) {
        return Error{
            fmt::format("{}: {} out of range", QuoteForMessage(whole_text_), out_of_range_)};
      }
    }
    if (!rest_.empty()) {
      return Error{
          fmt::format("{}: extra text {}", QuoteForMessage(whole_text_), QuoteForMessage(rest_))};
    }
    return Finish();
  }

 private:
  Error Fail(std::string_view expected) const {
    return Error{fmt::format("cannot read {} by the layout {}: {} is not {}",
                             QuoteForMessage(whole_text_), QuoteForMessage(whole_layout_),
                             QuoteForMessage(rest_), QuoteForMessage(expected))};
  }

  // A blank stands for any number of them.
  bool SkipLiteral(std::string_view literal) {
    while (!literal.empty()) {
      if (literal.front() == ' ') {
        if (!rest_.empty() && rest_.front() != ' ') return false;
        TrimLeft(&literal);
        TrimLeft(&rest_);
        continue;
      }
      if (rest_.empty() || rest_.front() != literal.front()) return false;
      literal.remove_prefix(1);
      rest_.remove_prefix(1);
    }
    return true;
  }

  static void TrimLeft(std::string_view* text) {
    while (!text->empty() && text->front() == ' ') text->remove_prefix(1);
  }

  // Between `least` and `most` digits.
  bool ReadNumber(std::size_t least, std::size_t most, int* number) {
    std::size_t count = 0;
    *number = 0;
    while (count < most && HasDigitAt(rest_, count))
      *number = *number * 10 + (rest_[count++] - '0');
    if (count < least) return false;
    rest_.remove_prefix(count);
    return true;
  }

  bool ReadInRange(std::size_t least, int low, int high, std::string_view what, int* number) {
    if (!ReadNumber(least, 2, number)) return false;
    if (*number < low || *number > high) out_of_range_ = what;
    return true;
  }

  template <typename NameOf>
  bool ReadName(int first, int last, bool abbreviated, const NameOf& name_of, int* number) {
    for (int i = first; i <= last; ++i) {
      const std::string_view name = name_of(i).substr(0, abbreviated ? 3 : 20);
      if (!EqualsIgnoreCase(rest_.substr(0, name.size()), name)) continue;
      rest_.remove_prefix(name.size());
      *number = i;
      return true;
    }
    return false;
  }

  bool ReadElement(const LayoutPiece& piece, std::string_view layout_behind) {
    int ignored = 0;
    switch (piece.element) {
      case Element::kLongMonth:
      case Element::kMonth:
        return ReadName(1, 12, piece.element == Element::kMonth, MonthName, &civil_.month);
      case Element::kLongWeekday:
      case Element::kWeekday:
        return ReadName(0, 6, piece.element == Element::kWeekday, WeekdayName, &ignored);
      case Element::kNumMonth:
      case Element::kZeroMonth:
        return ReadInRange(Least(piece), 1, 12, "month", &civil_.month);
      case Element::kUnderDay:
        if (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
        [[fallthrough]];
      case Element::kDay:
      case Element::kZeroDay:
        return ReadNumber(Least(piece), 2, &civil_.day);  // against the month, in the end
      case Element::kUnderYearDay:
        while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
        return ReadYearDay(1);
      case Element::kZeroYearDay:
        return ReadYearDay(3);
      case Element::kLongYear:
        return ReadLongYear();
      case Element::kYear:
        return ReadShortYear();
      case Element::kHour:
        return ReadInRange(2, 0, 23, "hour", &civil_.hour);
      case Element::kHour12:
      case Element::kZeroHour12:
        return ReadInRange(Least(piece), 0, 12, "hour", &civil_.hour);
      case Element::kMinute:
      case Element::kZeroMinute:
        return ReadInRange(Least(piece), 0, 59, "minute", &civil_.minute);
      case Element::kSecond:
      case Element::kZeroSecond:
        return ReadInRange(Least(piece), 0, 59, "second", &civil_.second) &&
               ReadUnannouncedFraction(layout_behind);
      case Element::kUpperPm:
        return ReadHalfOfDay("AM", "PM");
      case Element::kLowerPm:
        return ReadHalfOfDay("am", "pm");
      case Element::kIsoZoneOffset:
      case Element::kZoneOffset:
        return ReadOffset(piece);
      case Element::kZoneName:
        return ReadZoneName();
      case Element::kFractionZeros:
        return ReadFraction(piece.text.size() - 1);
      case Element::kFractionNines:
        return ReadOptionalFraction();
      case Element::kNone:
        break;
    }
    return true;
  }

  static std::size_t Least(const LayoutPiece& piece) {
    return piece.text.front() == '0' ? piece.text.size() : 1;
  }

  bool ReadYearDay(std::size_t least) {
    int number = 0;
    if (!ReadNumber(least, 3, &number)) return false;
    year_day_ = number;
    return true;
  }

  bool ReadLongYear() {
    int year = 0;
    if (!ReadNumber(4, 4, &year)) return false;
    civil_.year = year;
    return true;
  }

  bool ReadShortYear() {
    int year = 0;
    if (!ReadNumber(2, 2, &year)) return false;
    civil_.year = year >= 69 ? 1900 + year : 2000 + year;
    return true;
  }

  bool ReadHalfOfDay(std::string_view am, std::string_view pm) {
    const std::string_view found = rest_.substr(0, 2);
    if (found != am && found != pm) return false;
    rest_.remove_prefix(2);
    (found == am ? am_ : pm_) = true;
    return true;
  }

  bool AtFraction() const {
    return rest_.size() >= 2 && (rest_[0] == '.' || rest_[0] == ',') && HasDigitAt(rest_, 1);
  }

  bool ReadUnannouncedFraction(std::string_view layout_behind) {
    const LayoutPiece next = NextElement(layout_behind);
    const bool announced = next.literal.empty() && (next.element == Element::kFractionZeros ||
                                                    next.element == Element::kFractionNines);
    return announced || ReadOptionalFraction();
  }

  bool ReadOptionalFraction() {
    if (!AtFraction()) return true;
    std::size_t digits = 0;
    while (HasDigitAt(rest_, digits + 1)) ++digits;
    return ReadFraction(digits);
  }

  // Digits beyond nanoseconds are cut.
  bool ReadFraction(std::size_t digits) {
    if (!AtFraction() || rest_.size() < digits + 1) return false;
    nanos_ = 0;
    std::int32_t unit = 100'000'000;
    for (std::size_t i = 1; i <= digits; ++i, unit /= 10) {
      if (!HasDigitAt(rest_, i)) return false;
      nanos_ += (rest_[i] - '0') * unit;
    }
    rest_.remove_prefix(digits + 1);
    return true;
  }

  bool ReadOffset(const LayoutPiece& piece) {
    offset_ = 0;
    if (piece.element == Element::kIsoZoneOffset && !rest_.empty() && rest_.front() == 'Z') {
      rest_.remove_prefix(1);
      zone_.clear();
      return true;
    }
    if (rest_.empty() || (rest_.front() != '+' && rest_.front() != '-')) return false;
    const int sign = rest_.front() == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    const ZoneShape shape = ShapeOfZone(piece.text);
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (!ReadInRange(2, 0, 24, "zone", &hours)) return false;
    if (shape.minutes && !ReadZonePart(shape, &minutes)) return false;
    if (shape.seconds && !ReadZonePart(shape, &seconds)) return false;
    offset_ = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
  }

  bool ReadZonePart(ZoneShape shape, int* number) {
    if (shape.colons) {
      if (rest_.empty() || rest_.front() != ':') return false;
      rest_.remove_prefix(1);
    }
    return ReadInRange(2, 0, 59, "zone", number);
  }

  // Three to five capitals. Nobody knows their offset: but UTC's they are taken as zero, as in Go.
  bool ReadZoneName() {
    std::size_t length = 0;
    while (length < rest_.size() && rest_[length] >= 'A' && rest_[length] <= 'Z') ++length;
    if (length < 3 || length > 5) return false;
    zone_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  Result<Time> Finish() {
    if (pm_ && civil_.hour < 12) civil_.hour += 12;
    if (am_ && civil_.hour == 12) civil_.hour = 0;
    if (year_day_) ApplyYearDay();
    if (civil_.day < 1 || civil_.day > DaysInMonth(civil_.year, civil_.month)) {
      out_of_range_ = "day";
    }
    if (!out_of_range_.empty()) {
      return Error{fmt::format("{}: {} out of range", QuoteForMessage(whole_text_), out_of_range_)};
    }
    Time time;
    time.offset_seconds = offset_.value_or(0);
    time.seconds = SecondsFromCivil(civil_) - time.offset_seconds;
    time.nanos = nanos_;
    time.zone = zone_;
    if (zone_.empty() && time.offset_seconds == 0) time.zone = "UTC";
    return time;
  }

  void ApplyYearDay() {
    int left = *year_day_;
    int month = 1;
    while (month < 12 && left > DaysInMonth(civil_.year, month)) {
      left -= DaysInMonth(civil_.year, month++);
    }
    civil_.month = month;
    civil_.day = left;
  }

  const std::string_view whole_layout_;
  const std::string_view whole_text_;
  std::string_view rest_;
  CivilTime civil_ = MakeStart();
  std::optional<int> year_day_;
  std::optional<int> offset_;
  std::int32_t nanos_ = 0;
  std::string zone_;
  std::string_view out_of_range_;
  bool am_ = false;
  bool pm_ = false;

  // What the layout does not have is the first of January of the year 0.
  static CivilTime MakeStart() {
    CivilTime civil;
    civil.year = 0;
    return civil;
  }
};

}  // namespace

Result<Time> ParseTime(std::string_view layout, std::string_view text) {
  return TimeParser(layout, text).Run();
}

}  // namespace tocsin::gotemplate
