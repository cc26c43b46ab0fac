// A time and spans that tests of receivers share.
#pragma once

#include <chrono>

#include "base/time.h"

namespace tocsin::receivers {

// 2024-05-01T10:00:00Z
inline const Timestamp kNow = FromUnixMillis(1'714'557'600'000);
// So many seconds later.
inline Timestamp At(int second) { return kNow + std::chrono::seconds(second); }

inline constexpr Duration kSecond = std::chrono::seconds(1);
inline constexpr Duration kMinute = std::chrono::minutes(1);
inline constexpr Duration kHour = std::chrono::hours(1);

}  // namespace tocsin::receivers
