// The outside world's time, handed in at construction so that tests own it
// (tests/support/fake_clock.h).
#pragma once

#include "base/time.h"

namespace tocsin {

// Synchronises itself; any thread may ask.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
  // For measuring spans only: never goes back, has no relation to the calendar.
  virtual std::chrono::nanoseconds Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp Now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  std::chrono::nanoseconds Monotonic() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

}  // namespace tocsin
