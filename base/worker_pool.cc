#include "base/worker_pool.h"

#include "base/check.h"

namespace tocsin {

WorkerPool::WorkerPool(std::size_t threads, std::size_t capacity) : capacity_(capacity) {
  CHECK(threads > 0 && capacity > 0);
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  not_empty_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Submit(Job job) {
  {
    MutexLock lock(mu_);
    while (waiting_.size() >= capacity_) not_full_.Wait(mu_);
    CHECK(!stopped_);
    waiting_.push_back(std::move(job));
  }
  not_empty_.NotifyOne();
}

bool WorkerPool::TrySubmit(Job&& job) {
  {
    MutexLock lock(mu_);
    if (stopped_ || waiting_.size() >= capacity_) return false;
    waiting_.push_back(std::move(job));
  }
  not_empty_.NotifyOne();
  return true;
}

WorkerPool::Job WorkerPool::Take() {
  Job job;
  {
    MutexLock lock(mu_);
    while (waiting_.empty() && !stopped_) not_empty_.Wait(mu_);
    if (waiting_.empty()) return job;
    job = std::move(waiting_.front());
    waiting_.pop_front();
  }
  not_full_.NotifyOne();
  return job;
}

void WorkerPool::Work() {
  while (const Job job = Take()) job();
}

}  // namespace tocsin
