// Floats under the verbs of printf. The digits come from the standard library (shortest form) and
// from fmt (fixed precision); what is done here is choosing the form as Go chooses it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/template/format_verb.h"

namespace tocsin::gotemplate {
namespace {

// More decimals than any double has; asked-for ones beyond are zeros.
constexpr int kMaxRealDecimals = 1100;

std::string ToChars(double number, std::chars_format format) {
  char buffer[400];  // the longest double in fixed form has 309 digits before the point
  const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), number, format);
  return error == std::errc() ? std::string(std::begin(buffer), end) : std::string();
}

std::string Shortest(double number, char verb) {
  if (verb == 'e') return ToChars(number, std::chars_format::scientific);
  if (verb == 'f') return ToChars(number, std::chars_format::fixed);
  // %g: the exponent form below 1e-4 and from a million on, however few digits there are.
  std::string scientific = ToChars(number, std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  const bool wants_exponent = exponent < -4 || exponent >= 6;
  return wants_exponent ? scientific : ToChars(number, std::chars_format::fixed);
}

std::string WithPrecision(double number, char verb, int precision, bool sharp) {
  const int real = std::min(precision, kMaxRealDecimals);
  std::string text;
  if (verb == 'e') text = fmt::format("{:.{}e}", number, real);
  if (verb == 'f') text = fmt::format("{:.{}f}", number, real);
  if (verb == 'g') {
    return sharp ? fmt::format("{:#.{}g}", number, real) : fmt::format("{:.{}g}", number, real);
  }
  const std::size_t end = std::min(text.find('e'), text.size());
  text.insert(end, static_cast<std::size_t>(precision - real), '0');
  if (sharp && precision == 0) text.insert(end, 1, '.');
  return text;
}

// 0x1.8p+01: two digits of exponent at least.
std::string Hexadecimal(double number, int precision) {
  std::string text = precision < 0 ? fmt::format("{:a}", number)
                                   : fmt::format("{:.{}a}", number, std::min(precision, 100));
  const std::size_t exponent = text.find('p') + 2;
  if (text.size() - exponent < 2) text.insert(exponent, 1, '0');
  return text;
}

// The mantissa as an integer, and the power of two: 4503599627370496p-52.
std::string Binary(double number) {
  int exponent = 0;
  const double mantissa = std::frexp(number, &exponent);
  exponent = std::max(exponent - 53, -1074);
  const auto whole = static_cast<std::int64_t>(std::ldexp(mantissa, number == 0 ? 0 : 53));
  if (number == 0) exponent = -1074;
  return fmt::format("{}p{:+}", whole, exponent);
}

std::string Digits(double number, char verb, const FormatFlags& flags) {
  const char lower = verb == 'F' ? 'f' : static_cast<char>(verb | 0x20);
  const bool fixed = lower == 'e' || lower == 'f';
  const int precision = flags.has_precision ? flags.precision : (fixed ? 6 : -1);
  std::string text;
  if (lower == 'x') {
    text = Hexadecimal(number, precision);
  } else if (lower == 'b') {
    text = Binary(number);
  } else if (precision < 0 && flags.sharp && lower == 'g') {
    text = WithPrecision(number, lower, 6, true);
  } else {
    text = precision < 0 ? Shortest(number, lower)
                         : WithPrecision(number, lower, precision, flags.sharp);
  }
  if (verb == 'E' || verb == 'G' || verb == 'X') {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return text;
}

// Infinity shows its sign in any case, NaN only where one is asked for; neither takes zeros.
void AppendNotFinite(double number, FormatFlags flags, std::string* out) {
  flags.zero = false;
  std::string_view sign = SignOf(!std::isnan(number) && number < 0, flags);
  if (std::isinf(number) && sign.empty()) sign = "+";
  AppendPadded(fmt::format("{}{}", sign, std::isnan(number) ? "NaN" : "Inf"), flags, out);
}

}  // namespace

void AppendFloat(double number, char verb, const FormatFlags& flags, std::string* out) {
  if (!std::isfinite(number)) {
    AppendNotFinite(number, flags, out);
    return;
  }
  const std::string_view sign = SignOf(std::signbit(number), flags);
  std::string text = Digits(std::fabs(number), verb, flags);
  if (sign.empty()) {
    AppendPadded(text, flags, out);
    return;
  }
  const std::size_t width = flags.has_width && flags.zero && !flags.minus
                                ? static_cast<std::size_t>(std::max(0, flags.width))
                                : 0;
  if (width > text.size() + 1) text.insert(0, width - text.size() - 1, '0');
  AppendPadded(fmt::format("{}{}", sign, text), flags, out);
}

}  // namespace tocsin::gotemplate
