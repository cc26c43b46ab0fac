#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace tocsin {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
// Largest first: the order in which a duration may name them.
constexpr std::array<Unit, 7> kUnits = {{{"y", 365LL * 86'400'000},
                                         {"w", 7LL * 86'400'000},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1'000},
                                         {"ms", 1}}};

// Reads exactly `digits` digits from the front.
std::optional<int> TakeNumber(std::string_view* text, std::size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int value = 0;
  for (char c : text->substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// ".123456" as milliseconds; digits beyond the third are cut. Zero where there is no fraction.
std::optional<Duration> TakeFraction(std::string_view* text) {
  if (!Take(text, '.') && !Take(text, ',')) return Duration(0);
  int millis = 0;
  int scale = 100;
  std::size_t digits = 0;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    millis += (text->front() - '0') * scale;
    scale /= 10;
    text->remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return Duration(millis);
}

// "Z", "+02:00" or nothing (UTC), as the span to subtract.
std::optional<minutes> TakeZone(std::string_view* text) {
  if (text->empty() || Take(text, 'Z') || Take(text, 'z')) return minutes(0);
  int sign = 0;
  if (Take(text, '+')) {
    sign = 1;
  } else if (Take(text, '-')) {
    sign = -1;
  } else {
    return std::nullopt;
  }
  const std::optional<int> hour = TakeNumber(text, 2);
  if (!hour || !Take(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeNumber(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  return sign * (hours(*hour) + minutes(*minute));
}

std::optional<sys_days> TakeDate(std::string_view* text) {
  const std::optional<int> year = TakeNumber(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const std::optional<int> month = TakeNumber(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const std::optional<int> day = TakeNumber(text, 2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

std::optional<seconds> TakeTimeOfDay(std::string_view* text) {
  const std::optional<int> hour = TakeNumber(text, 2);
  if (!hour || !Take(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeNumber(text, 2);
  if (!minute || !Take(text, ':')) return std::nullopt;
  const std::optional<int> second = TakeNumber(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

// Not in RFC 3339, but what there is must be shown.
std::string FormatOfAnyYear(Timestamp t) {
  const auto day = std::chrono::floor<days>(t);
  const year_month_day date(day);
  const std::int64_t millis = (t - day).count();
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  millis / 3'600'000, millis / 60'000 % 60, millis / 1000 % 60);
  if (millis % 1000 != 0) text += fmt::format(".{:03}", millis % 1000);
  text += "Z";
  return text;
}

}  // namespace

void AppendRfc3339Millis(Timestamp t, std::string* out) {
  const sys_days day = std::chrono::floor<days>(t);
  const year_month_day date(day);
  std::int64_t millis = (t - day).count();
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) {
    *out += FormatOfAnyYear(t);
    return;
  }
  std::array<char, 24> text = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                               '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  const auto put = [&text](std::size_t last, std::size_t digits, std::int64_t value) {
    for (std::size_t i = 0; i < digits; ++i, value /= 10) {
      text.at(last - i) = static_cast<char>('0' + value % 10);
    }
  };
  put(3, 4, year);
  put(6, 2, static_cast<unsigned>(date.month()));
  put(9, 2, static_cast<unsigned>(date.day()));
  put(22, 3, millis % 1000);
  millis /= 1000;
  put(18, 2, millis % 60);
  put(15, 2, millis / 60 % 60);
  put(12, 2, millis / 3600);
  out->append(text.data(), text.size());
}

std::string FormatRfc3339(Timestamp t) {
  constexpr std::string_view kWholeSecond = ".000Z";
  std::string text;
  AppendRfc3339Millis(t, &text);
  if (text.ends_with(kWholeSecond)) {
    text.replace(text.size() - kWholeSecond.size(), kWholeSecond.size(), "Z");
  }
  return text;
}

std::optional<Timestamp> ParseRfc3339(std::string_view text) {
  const std::optional<sys_days> date = TakeDate(&text);
  if (!date || !(Take(&text, 'T') || Take(&text, 't') || Take(&text, ' '))) return std::nullopt;
  const std::optional<seconds> time = TakeTimeOfDay(&text);
  if (!time) return std::nullopt;
  const std::optional<Duration> fraction = TakeFraction(&text);
  if (!fraction) return std::nullopt;
  const std::optional<minutes> zone = TakeZone(&text);
  if (!zone || !text.empty()) return std::nullopt;
  return Timestamp(*date + *time + *fraction - *zone);
}

std::optional<Duration> ParseDuration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units before this one have been named or passed
  while (!text.empty()) {
    std::int64_t count = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      if (__builtin_mul_overflow(count, 10, &count) ||
          __builtin_add_overflow(count, text[digits] - '0', &count)) {
        return std::nullopt;
      }
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    const std::size_t name_end = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view name = text.substr(0, name_end);
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits.at(unit).name != name) ++unit;
    if (unit == kUnits.size()) return std::nullopt;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(count, kUnits.at(unit).millis, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    // Prometheus holds nanoseconds in 64 bits: beyond 292 years it refuses, and so do we.
    if (total > std::numeric_limits<std::int64_t>::max() / 1'000'000) return std::nullopt;
    next_unit = unit + 1;
    text.remove_prefix(name_end);
  }
  return Duration(total);
}

std::string FormatDuration(Duration d) {
  if (d.count() == 0) return "0s";
  std::string out = d.count() < 0 ? "-" : "";
  std::int64_t rest = d.count() < 0 ? -d.count() : d.count();
  for (const Unit& unit : kUnits) {
    // Years and weeks only where they stand alone, as Prometheus prints: 400d, not 1y5w.
    if ((unit.name == "y" || unit.name == "w") && rest % unit.millis != 0) continue;
    if (rest >= unit.millis) {
      out += fmt::format("{}{}", rest / unit.millis, unit.name);
      rest %= unit.millis;
    }
  }
  return out;
}

}  // namespace tocsin
