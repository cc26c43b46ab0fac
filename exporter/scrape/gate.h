// Gate: lets callbacks in until it is closed. Timers, the HTTP client and the ingest pool call back
// into scraping at times of their own; after Close() has returned none of them is inside, and none
// will get in, so what they use may be destroyed.
#pragma once

#include "base/mutex.h"

namespace tocsin::scrape {

class Gate {
 public:
  // A stay inside; false where the gate was closed.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate.Enter() ? &gate : nullptr) {}
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_;
  };

  // Waits for those inside. REQUIRES: the caller is not inside.
  void Close() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    closed_ = true;
    while (inside_ > 0) empty_.Wait(mu_);
  }

 private:
  bool Enter() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    // Notified under the lock: whoever waits may destroy the gate as soon as it has it.
    if (--inside_ == 0) empty_.NotifyAll();
  }

  Mutex mu_;
  CondVar empty_;
  int inside_ GUARDED_BY(mu_) = 0;
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::scrape
