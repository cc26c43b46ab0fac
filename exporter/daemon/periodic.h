// Periodic: does something again and again on a worker, at multiples of its interval, never twice
// at once. A run that takes longer than the interval skips the times it missed.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"

namespace tocsin::daemon {

class Periodic {
 public:
  using Task = std::function<void(Timestamp now)>;

  // Everything outlives the object. The first run is at once.
  Periodic(TimerQueue& timers, Executor& pool, const Clock& clock, Duration interval, Task task);
  // Waits for a run under way; none follows.
  ~Periodic();

 private:
  struct State;
  static void Arm(const std::shared_ptr<State>& state, Timestamp when);
  static void Submit(const std::shared_ptr<State>& state);
  static Timestamp NextTime(const State& state);
  static void RunOnce(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;  // shared with the timer and the worker
};

}  // namespace tocsin::daemon
