// RateLimiter: how much one client may send, by token buckets for requests, samples and bytes.
//
// A bucket holds what may come at once and fills at its rate. What costs more than a full bucket
// holds (a batch, a large body) passes when the bucket is full and leaves a debt: it is slowed
// down, not refused for ever. A client is a key, or an address where there is none. The table is
// bounded: clients whose buckets are full again are forgotten, as they are like new ones; where too
// many remain, the next ones share one set of buckets.
//
// Any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/snapshot.h"
#include "config/settings.h"

namespace tocsin::security {

class RateLimiter {
 public:
  enum class Kind : std::uint8_t { kRequests, kSamples, kBytes };
  struct Client {
    std::string_view key_id;  // empty: none
    std::string_view address;
  };

  explicit RateLimiter(const Clock& clock, std::size_t most_clients = 10'000)
      : clock_(clock), most_clients_(most_clients) {}

  // From the next request on; buckets begin anew where anything has changed.
  void Apply(const config::RateLimitSettings& limits) EXCLUDES(mu_);

  // Nothing where it may pass, and is paid; else in how many seconds it may be tried again, at
  // least one.
  std::optional<std::int64_t> Take(const Client& client, Kind kind, double amount) EXCLUDES(mu_);
  // For what was known too late to refuse it: only leaves a debt.
  void Charge(const Client& client, Kind kind, double amount) EXCLUDES(mu_);
  // Of tests.
  std::size_t clients() const EXCLUDES(mu_);

 private:
  struct Limit {
    double rate = 0;  // a second; 0: none
    double most = 0;
  };
  using Limits = std::array<Limit, 3>;  // by kind
  struct Bucket {
    double level = 0;
    std::chrono::nanoseconds at{0};  // when the level was that
  };
  using Buckets = std::array<Bucket, 3>;
  using Table = std::map<std::string, Buckets, std::less<>>;

  static Limits LimitsOf(const config::RateLimitSettings& settings);
  Bucket& BucketOf(const Client& client, Kind kind) REQUIRES_LOCK(mu_);
  Buckets& Enter(Table& table, std::string_view name) REQUIRES_LOCK(mu_);
  Buckets Full() const REQUIRES_LOCK(mu_);
  void Refill(Bucket& bucket, const Limit& limit) const REQUIRES_LOCK(mu_);
  bool AreFull(Buckets& buckets) const REQUIRES_LOCK(mu_);
  void ForgetIdle(Table& table) REQUIRES_LOCK(mu_);

  const Clock& clock_;
  const std::size_t most_clients_;
  std::atomic<bool> any_{false};

  mutable Mutex mu_;
  config::RateLimitSettings settings_ GUARDED_BY(mu_);
  Limits limits_ GUARDED_BY(mu_){};
  Table keys_ GUARDED_BY(mu_);
  Table addresses_ GUARDED_BY(mu_);
  Buckets others_ GUARDED_BY(mu_){};  // shared, where the tables are full
  std::chrono::nanoseconds last_sweep_ GUARDED_BY(mu_){0};
};

}  // namespace tocsin::security
