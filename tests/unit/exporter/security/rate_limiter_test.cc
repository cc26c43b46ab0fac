#include "exporter/security/rate_limiter.h"

#include "tests/support/fake_clock.h"

namespace tocsin::security {
namespace {

using Kind = RateLimiter::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RateLimiter::Client kKey{"key", "10.0.0.1"};
constexpr RateLimiter::Client kAddress{"", "10.0.0.1"};

class RateLimiterTest : public ::testing::Test {
 protected:
  void Limit(std::optional<double> requests, std::optional<double> samples = std::nullopt,
             std::optional<double> bytes = std::nullopt,
             std::optional<double> burst = std::nullopt) {
    limiter_.Apply({requests, samples, bytes, burst});
  }
  // How many pass at once, of at most a thousand.
  int Passing(const RateLimiter::Client& client, Kind kind = Kind::kRequests) {
    int n = 0;
    while (n < 1000 && !limiter_.Take(client, kind, 1)) ++n;
    return n;
  }

  testing::FakeClock clock_;
  RateLimiter limiter_{clock_, /*most_clients=*/3};
};

TEST_F(RateLimiterTest, LimitsNobodyUnlessToldTo) {
  EXPECT_EQ(Passing(kKey), 1000);
  Limit(std::nullopt, 5);
  EXPECT_EQ(Passing(kKey), 1000);
  EXPECT_EQ(limiter_.clients(), 0U);
}

TEST_F(RateLimiterTest, LetsASecondsWorthPassAndRefills) {
  Limit(5);
  EXPECT_EQ(Passing(kKey), 5);
  EXPECT_EQ(limiter_.Take(kKey, Kind::kRequests, 1), 1);
  clock_.Advance(milliseconds(400));
  EXPECT_EQ(Passing(kKey), 2);
  clock_.Advance(seconds(60));
  EXPECT_EQ(Passing(kKey), 5);
}

TEST_F(RateLimiterTest, ABurstMayBeLargerOrSmallerThanASecondsWorth) {
  Limit(1, std::nullopt, std::nullopt, 7);
  EXPECT_EQ(Passing(kKey), 7);
  clock_.Advance(seconds(3));
  EXPECT_EQ(Passing(kKey), 3);
  Limit(100, std::nullopt, std::nullopt, 7);
  EXPECT_EQ(Passing(kKey), 7);
}

TEST_F(RateLimiterTest, KeysAndAddressesHaveTheirOwnBuckets) {
  Limit(2);
  EXPECT_EQ(Passing(kKey), 2);
  EXPECT_EQ(Passing(kAddress), 2);
  EXPECT_EQ(Passing({"", "10.0.0.2"}), 2);
  EXPECT_EQ(Passing({"key", "10.0.0.9"}), 0);  // the same key from elsewhere
}

TEST_F(RateLimiterTest, ABatchBeyondTheBucketPassesWhenThatIsFullAndIsPaidForLater) {
  Limit(std::nullopt, 10);
  EXPECT_EQ(limiter_.Take(kKey, Kind::kSamples, 4), std::nullopt);
  // 10 are needed, 6 are there.
  EXPECT_EQ(limiter_.Take(kKey, Kind::kSamples, 25), 1);
  clock_.Advance(seconds(1));
  EXPECT_EQ(limiter_.Take(kKey, Kind::kSamples, 25), std::nullopt);
  // 15 in debt: one sample has to wait 1.6 s.
  EXPECT_EQ(limiter_.Take(kKey, Kind::kSamples, 1), 2);
  clock_.Advance(milliseconds(1600));
  EXPECT_EQ(limiter_.Take(kKey, Kind::kSamples, 1), std::nullopt);
}

TEST_F(RateLimiterTest, WhatWasKnownTooLateLeavesADebt) {
  Limit(std::nullopt, std::nullopt, 1000);
  limiter_.Charge(kKey, Kind::kBytes, 3000);
  EXPECT_EQ(limiter_.Take(kKey, Kind::kBytes, 500), 3);  // 2000 in debt, 500 needed
  clock_.Advance(milliseconds(2500));
  EXPECT_EQ(limiter_.Take(kKey, Kind::kBytes, 500), std::nullopt);
}

TEST_F(RateLimiterTest, ForgetsOnlyClientsThatOweNothing) {
  Limit(1);
  for (const char* address : {"a", "b", "c"}) EXPECT_EQ(Passing({"", address}), 1);
  EXPECT_EQ(limiter_.clients(), 3U);
  // The table is full of clients that have to wait: the next ones share a bucket.
  EXPECT_EQ(Passing({"", "d"}), 1);
  EXPECT_EQ(Passing({"", "e"}), 0);
  EXPECT_EQ(Passing({"", "a"}), 0);
  EXPECT_EQ(limiter_.clients(), 3U);
  clock_.Advance(seconds(2));
  EXPECT_EQ(Passing({"", "f"}), 1);
  EXPECT_EQ(limiter_.clients(), 1U);
}

TEST_F(RateLimiterTest, NewLimitsHoldAtOnceAndTheSameOnesForgiveNothing) {
  Limit(2);
  EXPECT_EQ(Passing(kKey), 2);
  Limit(2);
  EXPECT_EQ(Passing(kKey), 0);
  Limit(3);
  EXPECT_EQ(Passing(kKey), 3);
  Limit(std::nullopt);
  EXPECT_EQ(Passing(kKey), 1000);
}

}  // namespace
}  // namespace tocsin::security
