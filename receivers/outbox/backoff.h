// How long to wait after a failed attempt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace tocsin::receivers {

struct RetryPolicy {
  Duration first{std::chrono::seconds(1)};
  Duration longest{std::chrono::minutes(5)};
  Duration longest_retry_after{std::chrono::hours(1)};
};

// Exponential back-off with jitter in its upper half, so that receivers that failed together are
// not asked again together. What the other side asked for is waited at least, within reason.
// `random` is in [0, 1); `attempts` counts those that have failed, from 1.
inline Duration RetryDelay(const RetryPolicy& policy, std::uint32_t attempts,
                           std::optional<Duration> retry_after, double random) {
  Duration whole = policy.first;
  for (std::uint32_t i = 1; i < attempts && whole < policy.longest; ++i) whole *= 2;
  whole = std::min(whole, policy.longest);
  const Duration half = whole / 2;
  const double spread = random * static_cast<double>((whole - half).count());
  const Duration delay = half + Duration(static_cast<std::int64_t>(spread));
  return std::max(delay, std::min(retry_after.value_or(Duration(0)), policy.longest_retry_after));
}

}  // namespace tocsin::receivers
