#include "receivers/outbox/backoff.h"

#include <gtest/gtest.h>

#include <limits>

namespace tocsin::receivers {
namespace {

TEST(RetryDelay, LiesBetweenHalfTheSpanAndTheSpan) {
  EXPECT_EQ(RetryDelay({}, 1, std::nullopt, 0.0), Duration(500));
  EXPECT_EQ(RetryDelay({}, 1, std::nullopt, 0.9999), Duration(999));
  EXPECT_EQ(RetryDelay({}, 3, std::nullopt, 0.0), Duration(2000));
  EXPECT_EQ(RetryDelay({}, 3, std::nullopt, 0.5), Duration(3000));
}

TEST(RetryDelay, StopsGrowingAtTheLongestSpanHoweverManyAttempts) {
  const std::uint32_t many = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(RetryDelay({}, many, std::nullopt, 0.0), Duration(150'000));
}

TEST(RetryDelay, TakesTheLongerOfItsOwnAndWhatWasAskedFor) {
  EXPECT_EQ(RetryDelay({}, 1, Duration(100), 0.0), Duration(500));
  EXPECT_EQ(RetryDelay({}, 1, Duration(60'000), 0.0), Duration(60'000));
  EXPECT_EQ(RetryDelay({}, 1, std::chrono::hours(24 * 365), 0.0), Duration(std::chrono::hours(1)));
}

}  // namespace
}  // namespace tocsin::receivers
