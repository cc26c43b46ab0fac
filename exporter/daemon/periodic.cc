#include "exporter/daemon/periodic.h"

namespace tocsin::daemon {

struct Periodic::State {
  State(TimerQueue& t, Executor& p, const Clock& c, Duration i, Task k)
      : timers(t), pool(p), clock(c), interval(i), task(std::move(k)) {}

  TimerQueue& timers;
  Executor& pool;
  const Clock& clock;
  const Duration interval;
  const Task task;

  Mutex mu;
  CondVar idle;
  bool stopped GUARDED_BY(mu) = false;
  bool running GUARDED_BY(mu) = false;
  bool submitting GUARDED_BY(mu) = false;
  TimerQueue::Id timer GUARDED_BY(mu) = 0;
};

Periodic::Periodic(TimerQueue& timers, Executor& pool, const Clock& clock, Duration interval,
                   Task task)
    : state_(std::make_shared<State>(timers, pool, clock, interval, std::move(task))) {
  Arm(state_, clock.Now());
}

Periodic::~Periodic() {
  TimerQueue::Id timer = 0;
  {
    MutexLock lock(state_->mu);
    state_->stopped = true;
    timer = state_->timer;
  }
  state_->timers.Cancel(timer);
  MutexLock lock(state_->mu);
  while (state_->running || state_->submitting) state_->idle.Wait(state_->mu);
}

void Periodic::Arm(const std::shared_ptr<State>& state, Timestamp when) {
  MutexLock lock(state->mu);
  if (state->stopped) return;
  state->timer = state->timers.At(when, [state] { Submit(state); });
}

// The timer thread must not wait: with no room in the pool this time is missed. The run may be over
// before TrySubmit is; the end waits for both, since the pool may be gone after it.
void Periodic::Submit(const std::shared_ptr<State>& state) {
  {
    MutexLock lock(state->mu);
    if (state->stopped) return;
    state->submitting = true;
  }
  const bool submitted = state->pool.TrySubmit([state] { RunOnce(state); });
  {
    MutexLock lock(state->mu);
    state->submitting = false;
    state->idle.NotifyAll();
  }
  if (!submitted) Arm(state, NextTime(*state));
}

Timestamp Periodic::NextTime(const State& state) {
  const std::int64_t interval = state.interval.count();
  return FromUnixMillis((ToUnixMillis(state.clock.Now()) / interval + 1) * interval);
}

void Periodic::RunOnce(const std::shared_ptr<State>& state) {
  {
    MutexLock lock(state->mu);
    if (state->stopped) return;
    state->running = true;
  }
  state->task(state->clock.Now());
  {
    MutexLock lock(state->mu);
    state->running = false;
    state->idle.NotifyAll();
  }
  Arm(state, NextTime(*state));
}

}  // namespace tocsin::daemon
