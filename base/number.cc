#include "base/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace tocsin {
namespace {

// 2^53: every integer up to it is exact in a double, so plain digits lose nothing.
constexpr double kLargestPlainInteger = 9007199254740992.0;

bool IsInfinityWord(std::string_view word) {
  return EqualsIgnoreCase(word, "inf") || EqualsIgnoreCase(word, "infinity");
}

// Of a decimal number without a sign: whether its first digit that is not 0 stands for less than 1.
// from_chars does not tell on which side a number left its range.
bool IsBelowOne(std::string_view number) {
  const std::size_t exponent_at = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, exponent_at);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t digit = mantissa.find_first_of("123456789");
  if (digit == std::string_view::npos) return true;
  std::string_view exponent_text;
  if (exponent_at != std::string_view::npos) exponent_text = number.substr(exponent_at + 1);
  const bool small_exponent = exponent_text.substr(0, 1) == "-";
  if (exponent_text.substr(0, 1) == "+") exponent_text.remove_prefix(1);
  const auto power = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(digit);
  const std::optional<std::int64_t> exponent = exponent_text.empty() ? 0 : ParseInt(exponent_text);
  return exponent ? power + *exponent <= 0 : small_exponent;
}

}  // namespace

std::optional<double> ParseFloat(std::string_view text) {
  // from_chars refuses a plus sign and accepts "nan(...)": both are settled here.
  const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  const bool negative = has_sign && text[0] == '-';
  if (has_sign) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const bool digits = (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
  if (!digits) {
    if (IsInfinityWord(text)) {
      const double infinity = std::numeric_limits<double>::infinity();
      return negative ? -infinity : infinity;
    }
    if (EqualsIgnoreCase(text, "nan") && !has_sign) return NormalNan();
    return std::nullopt;
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (rest != end) return std::nullopt;
  const bool underflow = error == std::errc::result_out_of_range && IsBelowOne(text);
  if (error != std::errc() && !underflow) return std::nullopt;
  if (underflow) value = 0;
  return negative ? -value : value;
}

void AppendFloat(double v, std::string* out) {
  if (std::isnan(v)) {
    *out += "NaN";
    return;
  }
  if (std::isinf(v)) {
    *out += v > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> buffer{};
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  // The integer overload: to_chars(100000.0) would choose "1e+05". A negative zero keeps its sign.
  const bool plain =
      std::abs(v) <= kLargestPlainInteger && v == std::trunc(v) && !(v == 0 && std::signbit(v));
  const std::to_chars_result result = plain
                                          ? std::to_chars(first, last, static_cast<std::int64_t>(v))
                                          : std::to_chars(first, last, v);
  out->append(first, result.ptr);
}

std::string FormatFloat(double v) {
  std::string out;
  AppendFloat(v, &out);
  return out;
}

// Python's repr(float): shortest digits; exponent form below 1e-4 and from 1e16 on.
// https://docs.python.org/3/library/string.html#format-specification-mini-language
std::string FormatFloatPython(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  std::array<char, 400> buffer{};
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  const double magnitude = std::abs(v);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const std::chars_format format =
      exponent ? std::chars_format::scientific : std::chars_format::fixed;
  std::string out(first, std::to_chars(first, last, v, format).ptr);
  if (!exponent && out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace tocsin
