// Pace: how fast the messages of one integration may leave. A bucket of `burst` tokens that is
// filled at the rate; each attempt takes one. A value; its owner's thread.
#pragma once

#include <optional>

#include "base/time.h"
#include "config/delivery_limits.h"

namespace tocsin::receivers {

class Pace {
 public:
  // What has been taken stays taken.
  void Configure(const config::DeliveryLimits& limits, Timestamp now);

  // When the next attempt may begin; nothing: now.
  std::optional<Timestamp> NotBefore(Timestamp now) const;
  // How many may begin now; nothing: any number.
  std::optional<std::size_t> Left(Timestamp now) const;
  void Spend(Timestamp now);

 private:
  double TokensAt(Timestamp now) const;

  config::DeliveryLimits limits_;
  double tokens_ = 0;  // at filled_at_
  Timestamp filled_at_;
};

}  // namespace tocsin::receivers
