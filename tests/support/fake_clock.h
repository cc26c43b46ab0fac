// A clock that stands until a test moves it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace tocsin::testing {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start = FromUnixMillis(1'700'000'000'000))
      : now_(ToUnixMillis(start)) {}

  Timestamp Now() const override { return FromUnixMillis(now_.load()); }
  std::chrono::nanoseconds Monotonic() const override { return Duration(now_.load()); }
  void Advance(Duration by) { now_ += by.count(); }
  void Set(Timestamp to) { now_ = ToUnixMillis(to); }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace tocsin::testing
