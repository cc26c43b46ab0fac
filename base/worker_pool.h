// WorkerPool: a fixed number of threads that run jobs in the order in which they came.
//
// Policy when full: Submit waits (back pressure on whoever makes the work), TrySubmit refuses (for
// threads that must not wait, such as the HTTP client's). A job that was taken runs exactly once:
// destruction refuses new jobs, runs those that wait and joins the threads. Jobs that share data
// synchronise it themselves.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace tocsin {

// Whoever runs jobs on other threads; for those who need no more than that.
class Executor {
 public:
  using Job = std::function<void()>;
  virtual ~Executor() = default;
  // Any thread, never waits; false when there is no room, the job is then untouched.
  virtual bool TrySubmit(Job&& job) = 0;
};

class WorkerPool final : public Executor {
 public:
  // REQUIRES: threads > 0, capacity > 0. Capacity counts the jobs that wait, not those that run.
  WorkerPool(std::size_t threads, std::size_t capacity);
  ~WorkerPool() override;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Any thread but the pool's own, which could wait for itself.
  void Submit(Job job) EXCLUDES(mu_);
  bool TrySubmit(Job&& job) override EXCLUDES(mu_);

 private:
  void Work() EXCLUDES(mu_);
  // Empty when the pool is being destroyed and nothing waits.
  Job Take() EXCLUDES(mu_);

  const std::size_t capacity_;
  Mutex mu_;
  CondVar not_empty_;
  CondVar not_full_;
  std::deque<Job> waiting_ GUARDED_BY(mu_);
  bool stopped_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // last: they use everything above
};

}  // namespace tocsin
