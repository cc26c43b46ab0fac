#include "base/timer_queue.h"

namespace tocsin {

TimerQueue::Id TimerQueue::At(Timestamp when, std::function<void()> run) {
  Id id = 0;
  bool first = false;
  {
    MutexLock lock(mu_);
    id = ++last_id_;
    const auto it = waiting_.emplace(Key(when, id), std::move(run)).first;
    when_.emplace(id, when);
    first = it == waiting_.begin();
  }
  if (first) changed_.NotifyAll();
  return id;
}

bool TimerQueue::Cancel(Id id) {
  std::function<void()> dropped;  // may own much: dies outside the lock
  MutexLock lock(mu_);
  const auto when = when_.find(id);
  if (when == when_.end()) return false;
  const auto it = waiting_.find(Key(when->second, id));
  dropped = std::move(it->second);
  waiting_.erase(it);
  when_.erase(when);
  return true;
}

std::size_t TimerQueue::RunDue() {
  const Timestamp now = clock_.Now();
  std::size_t ran = 0;
  while (true) {
    std::function<void()> run;
    {
      MutexLock lock(mu_);
      if (waiting_.empty() || waiting_.begin()->first.first > now) return ran;
      run = std::move(waiting_.begin()->second);
      when_.erase(waiting_.begin()->first.second);
      waiting_.erase(waiting_.begin());
    }
    run();
    ++ran;
  }
}

std::optional<Timestamp> TimerQueue::next_deadline() const {
  MutexLock lock(mu_);
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first.first;
}

void TimerQueue::Run() {
  while (true) {
    RunDue();
    MutexLock lock(mu_);
    if (stopped_) return;
    if (waiting_.empty()) {
      changed_.Wait(mu_);
    } else if (waiting_.begin()->first.first > clock_.Now()) {
      changed_.WaitUntil(mu_, waiting_.begin()->first.first);
    }
    if (stopped_) return;
  }
}

void TimerQueue::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace tocsin
