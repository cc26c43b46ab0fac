#include "evaluator/persist/exchange_watch.h"

#include <sys/socket.h>

#include <algorithm>

namespace tocsin::evaluator {

ExchangeWatch::ExchangeWatch(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

ExchangeWatch::~ExchangeWatch() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

ExchangeWatch::Exchange::Exchange(ExchangeWatch& watch, int socket,
                                  std::chrono::nanoseconds at_most)
    : watch_(watch), id_(0) {
  bool wake = false;
  {
    MutexLock lock(watch_.mu_);
    id_ = ++watch_.last_id_;
    const std::chrono::nanoseconds deadline = watch_.clock_.Monotonic() + at_most;
    watch_.watched_[id_] = {socket, deadline};
    wake = deadline < watch_.wakes_at_;
  }
  if (wake) watch_.changed_.NotifyAll();
}

ExchangeWatch::Exchange::~Exchange() {
  MutexLock lock(watch_.mu_);
  watch_.watched_.erase(id_);
}

void ExchangeWatch::Run() {
  MutexLock lock(mu_);
  while (!stopping_) {
    const std::chrono::nanoseconds now = clock_.Monotonic();
    wakes_at_ = std::chrono::nanoseconds::max();
    for (auto& [id, watched] : watched_) {
      if (watched.deadline <= now) {
        shutdown(watched.socket, SHUT_RDWR);
        watched.deadline = std::chrono::nanoseconds::max();  // once is enough
      }
      wakes_at_ = std::min(wakes_at_, watched.deadline);
    }
    if (wakes_at_ == std::chrono::nanoseconds::max()) {
      changed_.Wait(mu_);
    } else {
      changed_.WaitFor(mu_, std::chrono::duration_cast<Duration>(wakes_at_ - now) + Duration(1));
    }
  }
}

}  // namespace tocsin::evaluator
