// Points in time and spans, as the whole program uses them: milliseconds since the Unix epoch, as
// Prometheus stores samples. Domain code is given `now`; it never asks a clock of its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Duration>;

// What RFC 3339 can write: the years 1 to 9999.
inline constexpr Timestamp kEarliestTime{Duration{-62'135'596'800'000}};
inline constexpr Timestamp kLatestTime{Duration{253'402'300'799'999}};

// The nearest of those years where `millis` is beyond them: whatever a client or a damaged row
// says, the result can be written, and a span added to it does not overflow.
constexpr Timestamp FromUnixMillis(std::int64_t millis) {
  return std::clamp(Timestamp{Duration{millis}}, kEarliestTime, kLatestTime);
}
inline std::int64_t ToUnixMillis(Timestamp t) { return t.time_since_epoch().count(); }
inline double ToUnixSeconds(Timestamp t) { return static_cast<double>(ToUnixMillis(t)) / 1000.0; }

// RFC 3339 in UTC: "2024-05-01T10:00:00.123Z"; whole seconds are written without a fraction.
std::string FormatRfc3339(Timestamp t);

// The same with three decimals, always: the form of the Alertmanager API. For long lists: appends,
// and takes a tenth of the time of a format string.
void AppendRfc3339Millis(Timestamp t, std::string* out);

// Reads RFC 3339, or ISO 8601 without a zone (taken as UTC). Digits beyond milliseconds are cut.
// Empty when the text is something else or names a day or time that does not exist.
std::optional<Timestamp> ParseRfc3339(std::string_view text);

// Prometheus durations: integers with units y w d h m s ms, each at most once, largest first
// ("1h30m"), or "0". Empty when the text is something else or overflows.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
std::optional<Duration> ParseDuration(std::string_view text);

// The shortest form that ParseDuration reads back: "1h30m", "0s".
std::string FormatDuration(Duration d);

}  // namespace tocsin
