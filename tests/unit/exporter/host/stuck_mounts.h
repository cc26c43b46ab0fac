// Mounts that answer at once, but for those that a test blocks, as a dead network mount does. What
// the asking threads touch outlives the test: a blocked one may wake up late.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "exporter/host/mount_prober.h"

namespace tocsin::host {

// Long enough to be never waited for: the helper answers first.
inline constexpr MountProber::Limits kPatient{Duration(60'000), std::chrono::seconds(5), 32};

class StuckMounts {
 public:
  ~StuckMounts() { ReleaseAll(); }

  AskMount Ask() {
    return [state = state_](const std::string& path) { return Answer(*state, path); };
  }
  // Differs from path to path.
  static double SizeOf(const std::string& path) {
    return 1000.0 * static_cast<double>(path.size()) + static_cast<double>(path.back());
  }

  void Block(const std::string& path) {
    MutexLock lock(state_->mu);
    state_->blocking.insert(path);
  }
  void ReleaseAll() {
    {
      MutexLock lock(state_->mu);
      state_->blocking.clear();
    }
    state_->changed.NotifyAll();
  }

  // Until that many threads are blocked.
  void AwaitBlocked(std::size_t threads) {
    MutexLock lock(state_->mu);
    while (state_->blocked < threads) state_->changed.Wait(state_->mu);
  }
  void AwaitAsked(const std::string& path, std::size_t times) {
    MutexLock lock(state_->mu);
    while (state_->asked[path] < times) state_->changed.Wait(state_->mu);
  }
  std::size_t asked(const std::string& path) {
    MutexLock lock(state_->mu);
    return state_->asked[path];
  }

 private:
  struct State {
    Mutex mu;
    CondVar changed;
    std::set<std::string> blocking GUARDED_BY(mu);
    std::map<std::string, std::size_t> asked GUARDED_BY(mu);
    std::size_t blocked GUARDED_BY(mu) = 0;
  };

  static MountAnswer Answer(State& state, const std::string& path) {
    {
      MutexLock lock(state.mu);
      ++state.asked[path];
      ++state.blocked;
      state.changed.NotifyAll();
      while (state.blocking.count(path) > 0) state.changed.Wait(state.mu);
      --state.blocked;
    }
    const double size = SizeOf(path);
    return {{size, size / 2, size / 4, 100, 40}, 0};
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tocsin::host
