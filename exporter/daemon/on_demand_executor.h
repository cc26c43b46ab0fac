// An Executor whose thread is started when it is first needed.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include "base/worker_pool.h"

namespace tocsin::daemon {

// A WorkerPool of one thread, and its policy when full. Synchronises itself. Destruction runs the
// jobs that wait.
class OnDemandExecutor final : public Executor {
 public:
  // REQUIRES: capacity > 0.
  explicit OnDemandExecutor(std::size_t capacity) : capacity_(capacity) {}

  bool TrySubmit(Job&& job) override {
    std::call_once(made_, [this] { pool_.emplace(1, capacity_); });
    return pool_->TrySubmit(std::move(job));
  }

 private:
  const std::size_t capacity_;
  std::once_flag made_;
  std::optional<WorkerPool> pool_;
};

}  // namespace tocsin::daemon
