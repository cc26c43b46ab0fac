// BoundedQueue<T>: hands values from many threads to the one that owns what they are about.
//
// Policy when full: Push waits (back pressure on the producer), TryPush refuses (the producer has a
// better idea). The consumer takes everything that waits at once, which is what makes group commit
// and coalescing possible.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace tocsin {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // False when the queue is closed; the value is then dropped.
  bool Push(T value) EXCLUDES(mu_) {
    bool wake = false;
    {
      MutexLock lock(mu_);
      while (items_.size() >= capacity_ && !closed_) not_full_.Wait(mu_);
      if (closed_) return false;
      wake = items_.empty();
      items_.push_back(std::move(value));
    }
    if (wake) not_empty_.NotifyOne();
    return true;
  }

  // False when the queue is full or closed; the value is then untouched.
  bool TryPush(T&& value) EXCLUDES(mu_) {
    bool wake = false;
    {
      MutexLock lock(mu_);
      if (closed_ || items_.size() >= capacity_) return false;
      wake = items_.empty();
      items_.push_back(std::move(value));
    }
    if (wake) not_empty_.NotifyOne();
    return true;
  }

  // Waits until there is something, the deadline has come, or the queue is closed; returns all that
  // waits, which may be nothing. REQUIRES: one consumer.
  std::vector<T> PopAll(std::optional<Timestamp> deadline) EXCLUDES(mu_) {
    std::vector<T> taken;
    {
      MutexLock lock(mu_);
      if (items_.empty() && !closed_) {
        if (deadline) {
          not_empty_.WaitUntil(mu_, *deadline);
        } else {
          not_empty_.Wait(mu_);
        }
      }
      taken.swap(items_);
    }
    if (!taken.empty()) not_full_.NotifyAll();
    return taken;
  }

  // Producers are refused from now on; the consumer still gets what waits.
  void Close() EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      closed_ = true;
    }
    not_empty_.NotifyAll();
    not_full_.NotifyAll();
  }

  bool closed() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return closed_;
  }
  std::size_t size() const EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable Mutex mu_;
  CondVar not_empty_;
  CondVar not_full_;
  std::vector<T> items_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin
