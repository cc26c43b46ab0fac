// TimerQueue: things to do at a time. The only way to wait in this program.
//
// In production one thread runs Run(); callbacks are short: they hand a value to the owner of what
// they are about. Tests drive RunDue() themselves with a FakeClock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace tocsin {

class TimerQueue {
 public:
  using Id = std::uint64_t;  // 0 is never given out

  explicit TimerQueue(const Clock& clock) : clock_(clock) {}

  // Any thread. Equal times run in the order they were asked for.
  Id At(Timestamp when, std::function<void()> run) EXCLUDES(mu_);
  // False if it has run or is about to. Never waits for a callback that runs now.
  bool Cancel(Id id) EXCLUDES(mu_);

  // Runs what is due, on the calling thread, without holding the lock; returns how many.
  std::size_t RunDue() EXCLUDES(mu_);
  std::optional<Timestamp> next_deadline() const EXCLUDES(mu_);

  // Runs what becomes due until Stop(). For the timer thread.
  void Run() EXCLUDES(mu_);
  void Stop() EXCLUDES(mu_);

 private:
  using Key = std::pair<Timestamp, Id>;

  const Clock& clock_;
  mutable Mutex mu_;
  CondVar changed_;
  std::map<Key, std::function<void()>> waiting_ GUARDED_BY(mu_);
  std::unordered_map<Id, Timestamp> when_ GUARDED_BY(mu_);
  Id last_id_ GUARDED_BY(mu_) = 0;
  bool stopped_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin
