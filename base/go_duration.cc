#include "base/go_duration.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/number.h"

namespace tocsin {
namespace {

struct GoUnit {
  std::string_view name;
  double millis;
};
// Both ways to write the micro sign: U+00B5 and U+03BC.
constexpr GoUnit kGoUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3},
                               {"ms", 1},    {"s", 1e3},   {"m", 6e4},        {"h", 3.6e6}};

// Go's limit is 2^63 nanoseconds.
constexpr double kMostMillis = 9.2e12;

const GoUnit* FindUnit(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kGoUnits), std::end(kGoUnits),
                                         [name](const GoUnit& unit) { return unit.name == name; });
  return found == std::end(kGoUnits) ? nullptr : found;
}

// ".5", "5." and "1.5" are numbers, "." is none.
std::optional<double> ParseDecimal(std::string_view digits) {
  const bool has_digit = digits.find_first_of("0123456789") != std::string_view::npos;
  if (!has_digit || std::count(digits.begin(), digits.end(), '.') > 1) return std::nullopt;
  if (digits.back() == '.') digits.remove_suffix(1);
  return ParseFloat(digits);
}

}  // namespace

std::optional<Duration> ParseGoDuration(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view digits = text.substr(0, number_end);
    text.remove_prefix(number_end);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const GoUnit* unit = FindUnit(text.substr(0, unit_end));
    text.remove_prefix(unit_end);
    const std::optional<double> number = digits.empty() ? std::nullopt : ParseDecimal(digits);
    if (!number || unit == nullptr) return std::nullopt;
    total += *number * unit->millis;
    if (!(total <= kMostMillis)) return std::nullopt;
  }
  // A millionth of a millisecond is a nanosecond: less than that is the double's own error.
  return Duration{static_cast<std::int64_t>(std::ceil(total - 5e-7))};
}

}  // namespace tocsin
