// std::mutex and friends with the attributes that clang's thread-safety analysis reads
// (-Wthread-safety; https://clang.llvm.org/docs/ThreadSafetyAnalysis.html). Other compilers see
// plain classes. A lock here is leaf-level: no call-out, I/O or logging while one is held.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/time.h"

#if defined(__clang__)
#define TOCSIN_ATTRIBUTE(x) __attribute__((x))
#else
#define TOCSIN_ATTRIBUTE(x)
#endif

#define CAPABILITY(x) TOCSIN_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY TOCSIN_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) TOCSIN_ATTRIBUTE(guarded_by(x))
#define PT_GUARDED_BY(x) TOCSIN_ATTRIBUTE(pt_guarded_by(x))
#define ACQUIRE(...) TOCSIN_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TOCSIN_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) TOCSIN_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define REQUIRES_LOCK(...) TOCSIN_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TOCSIN_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS TOCSIN_ATTRIBUTE(no_thread_safety_analysis)

namespace tocsin {

class CAPABILITY("mutex") Mutex {
 public:
  void Lock() ACQUIRE() { mu_.lock(); }
  void Unlock() RELEASE() { mu_.unlock(); }
  bool TryLock() TRY_ACQUIRE(true) { return mu_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() RELEASE() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Waits may return early; callers loop over their condition.
class CondVar {
 public:
  void Wait(Mutex& mu) REQUIRES_LOCK(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Waits on the calendar clock, so a step of that clock is noticed.
  void WaitUntil(Mutex& mu, Timestamp deadline) REQUIRES_LOCK(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait_until(lock, deadline);
    lock.release();
  }
  // Waits on the monotonic clock, for spans that a step of the calendar must not stretch. False
  // when the time is over.
  bool WaitFor(Mutex& mu, Duration at_most) REQUIRES_LOCK(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const bool in_time = cv_.wait_for(lock, at_most) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace tocsin
