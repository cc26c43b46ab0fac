// Snapshot<T>: the current version of an immutable value, published by one thread and read by many.
//
// A mutex and a shared_ptr rather than std::atomic<std::shared_ptr>: g++ 12's has a data race that
// ThreadSanitizer reports, and this is as fast where it matters (one uncontended lock per read).
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace tocsin {

template <typename T>
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  std::shared_ptr<const T> Get() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return current_;
  }
  void Publish(std::shared_ptr<const T> next) EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      current_.swap(next);
    }
    // The old version dies here, outside the lock, if nobody else holds it.
  }

 private:
  mutable Mutex mu_;
  std::shared_ptr<const T> current_ GUARDED_BY(mu_);
};

}  // namespace tocsin
