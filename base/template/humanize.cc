#include "base/template/humanize.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>

#include "base/template/format_verb.h"

namespace tocsin::gotemplate {
namespace {

std::string FourDigits(double number) {
  FormatFlags flags;
  flags.has_precision = true;
  flags.precision = 4;
  std::string text;
  AppendFloat(number, 'g', flags, &text);
  return text;
}

std::string BelowOneSecond(double seconds) {
  constexpr std::array<std::string_view, 8> kPrefixes = {"m", "u", "n", "p", "f", "a", "z", "y"};
  std::string_view prefix;
  for (std::string_view smaller : kPrefixes) {
    if (std::fabs(seconds) >= 1) break;
    prefix = smaller;
    seconds *= 1000;
  }
  return fmt::format("{}{}s", FourDigits(seconds), prefix);
}

std::string InUnits(std::int64_t whole, std::string_view sign) {
  const std::int64_t second = whole % 60;
  const std::int64_t minute = whole / 60 % 60;
  const std::int64_t hour = whole / 3600 % 24;
  const std::int64_t day = whole / 86400;
  if (day != 0) return fmt::format("{}{}d {}h {}m {}s", sign, day, hour, minute, second);
  if (hour != 0) return fmt::format("{}{}h {}m {}s", sign, hour, minute, second);
  return fmt::format("{}{}m {}s", sign, minute, second);
}

}  // namespace

std::string HumanizeDuration(double seconds) {
  if (!std::isfinite(seconds)) return FourDigits(seconds);
  if (seconds == 0) return FourDigits(seconds) + "s";
  if (std::fabs(seconds) < 1) return BelowOneSecond(seconds);
  const double size = std::fabs(seconds);
  constexpr double kTooLarge = 9e18;
  const std::int64_t whole = size < kTooLarge ? static_cast<std::int64_t>(size) : INT64_MAX;
  if (whole < 60) return FourDigits(seconds) + "s";
  return InUnits(whole, seconds < 0 ? "-" : "");
}

}  // namespace tocsin::gotemplate
