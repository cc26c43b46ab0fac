#include "receivers/outbox/pace.h"

#include <algorithm>
#include <cmath>

namespace tocsin::receivers {

void Pace::Configure(const config::DeliveryLimits& limits, Timestamp now) {
  if (limits == limits_) return;
  const double spent = limits_.has_rate() ? static_cast<double>(limits_.burst) - TokensAt(now) : 0;
  limits_ = limits;
  tokens_ = std::max(static_cast<double>(limits.burst) - spent, 0.0);
  filled_at_ = now;
}

// A clock that is set back fills nothing.
double Pace::TokensAt(Timestamp now) const {
  const auto passed = static_cast<double>(std::max(now - filled_at_, Duration(0)).count());
  const double gained =
      passed * static_cast<double>(limits_.messages) / static_cast<double>(limits_.per.count());
  return std::min(tokens_ + gained, static_cast<double>(limits_.burst));
}

std::optional<Timestamp> Pace::NotBefore(Timestamp now) const {
  if (!limits_.has_rate()) return std::nullopt;
  const double missing = 1 - TokensAt(now);
  if (missing <= 0) return std::nullopt;
  const double wait = std::ceil(missing * static_cast<double>(limits_.per.count()) /
                                static_cast<double>(limits_.messages));
  return now + std::max(Duration(static_cast<std::int64_t>(wait)), Duration(1));
}

std::optional<std::size_t> Pace::Left(Timestamp now) const {
  if (!limits_.has_rate()) return std::nullopt;
  return static_cast<std::size_t>(TokensAt(now));
}

void Pace::Spend(Timestamp now) {
  if (!limits_.has_rate()) return;
  tokens_ = std::max(TokensAt(now) - 1, 0.0);
  filled_at_ = now;
}

}  // namespace tocsin::receivers
