#include "exporter/security/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tocsin::security {
namespace {

// Between two searches of a full table for clients that may be forgotten.
constexpr std::chrono::seconds kBetweenSweeps(1);

double Seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

RateLimiter::Limits RateLimiter::LimitsOf(const config::RateLimitSettings& settings) {
  const auto limit = [](const std::optional<double>& rate, double at_least) {
    return rate ? Limit{*rate, std::max(*rate, at_least)} : Limit();
  };
  Limits limits;
  limits[0] = limit(settings.requests_per_second, 1);
  if (limits[0].rate > 0 && settings.burst) limits[0].most = *settings.burst;
  limits[1] = limit(settings.samples_per_second, settings.burst.value_or(1));
  limits[2] = limit(settings.bytes_per_second, 1);
  return limits;
}

void RateLimiter::Apply(const config::RateLimitSettings& settings) {
  MutexLock lock(mu_);
  if (settings == settings_) return;
  settings_ = settings;
  limits_ = LimitsOf(settings);
  keys_.clear();
  addresses_.clear();
  others_ = Full();
  any_ = settings.any();
}

RateLimiter::Buckets RateLimiter::Full() const {
  Buckets buckets;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    buckets.at(i) = {limits_.at(i).most, clock_.Monotonic()};
  }
  return buckets;
}

void RateLimiter::Refill(Bucket& bucket, const Limit& limit) const {
  const std::chrono::nanoseconds now = clock_.Monotonic();
  bucket.level = std::min(limit.most, bucket.level + limit.rate * Seconds(now - bucket.at));
  bucket.at = now;
}

// A map keeps its elements where they are.
RateLimiter::Buckets& RateLimiter::Enter(Table& table, std::string_view name) {
  if (const auto known = table.find(name); known != table.end()) return known->second;
  if (table.size() >= most_clients_ && clock_.Monotonic() - last_sweep_ >= kBetweenSweeps) {
    last_sweep_ = clock_.Monotonic();
    ForgetIdle(table);
  }
  if (table.size() >= most_clients_) return others_;
  return table.emplace(std::string(name), Full()).first->second;
}

bool RateLimiter::AreFull(Buckets& buckets) const {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (limits_.at(i).rate == 0) continue;
    Refill(buckets.at(i), limits_.at(i));
    if (buckets.at(i).level < limits_.at(i).most) return false;
  }
  return true;
}

void RateLimiter::ForgetIdle(Table& table) {
  for (auto client = table.begin(); client != table.end();) {
    client = AreFull(client->second) ? table.erase(client) : std::next(client);
  }
}

RateLimiter::Bucket& RateLimiter::BucketOf(const Client& client, Kind kind) {
  Buckets& buckets =
      client.key_id.empty() ? Enter(addresses_, client.address) : Enter(keys_, client.key_id);
  Bucket& bucket = buckets.at(static_cast<std::size_t>(kind));
  Refill(bucket, limits_.at(static_cast<std::size_t>(kind)));
  return bucket;
}

std::optional<std::int64_t> RateLimiter::Take(const Client& client, Kind kind, double amount) {
  if (!any_ || amount <= 0) return std::nullopt;
  MutexLock lock(mu_);
  const Limit& limit = limits_.at(static_cast<std::size_t>(kind));
  if (limit.rate == 0) return std::nullopt;
  Bucket& bucket = BucketOf(client, kind);
  const double needed = std::min(amount, limit.most);
  // A level that was filled up by many small steps may miss by a rounding error.
  constexpr double kRounding = 1e-6;
  if (bucket.level + kRounding >= needed) {
    bucket.level -= amount;
    return std::nullopt;
  }
  const double wait = std::ceil((needed - bucket.level) / limit.rate);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(wait, 86'400.0)));
}

void RateLimiter::Charge(const Client& client, Kind kind, double amount) {
  if (!any_ || amount <= 0) return;
  MutexLock lock(mu_);
  if (limits_.at(static_cast<std::size_t>(kind)).rate == 0) return;
  BucketOf(client, kind).level -= amount;
}

std::size_t RateLimiter::clients() const {
  MutexLock lock(mu_);
  return keys_.size() + addresses_.size();
}

}  // namespace tocsin::security
