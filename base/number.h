// Numbers in and out of text, independent of the process's locale.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// The staleness marker of Prometheus and the NaN that every other NaN is normalised to on intake.
// Compare bits, never values.
// https://github.com/prometheus/prometheus/blob/main/model/value/value.go
inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002ULL;
inline constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001ULL;

inline double StaleNan() { return std::bit_cast<double>(kStaleNanBits); }
inline double NormalNan() { return std::bit_cast<double>(kNormalNanBits); }
inline bool IsStaleNan(double v) { return std::bit_cast<std::uint64_t>(v) == kStaleNanBits; }
// Any NaN but the marker becomes the normal one: a value from outside must not forge a marker.
inline double NormaliseNan(double v) { return std::isnan(v) ? NormalNan() : v; }

// A float as the exposition formats write it: decimal or exponent form, Inf and Infinity in any
// case, each with an optional sign, and NaN in any case without one. The whole text must be
// consumed: no hexadecimal, no underscores, no blanks. Too small for a double ("1e-400") is 0.
// Empty for anything else, and for what is too large for a double ("1e400").
std::optional<double> ParseFloat(std::string_view text);

// The shortest text that reads back equal; integers below 2^53 in plain digits; NaN, +Inf, -Inf.
std::string FormatFloat(double v);
void AppendFloat(double v, std::string* out);

// As Python prints a float, which the alerting API promises: at least one decimal ("85.5", "95.0").
std::string FormatFloatPython(double v);

// Decimal digits only, an optional minus sign.
std::optional<std::int64_t> ParseInt(std::string_view text);

}  // namespace tocsin
