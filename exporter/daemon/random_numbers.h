// Where the daemons take chance from: the jitter of retries.
#pragma once

#include <functional>
#include <random>

namespace tocsin::daemon {

// Gives numbers in [0, 1), from a seed of the system's. For one thread.
inline std::function<double()> RandomNumbers() {
  return
      [engine = std::mt19937_64(std::random_device()()),
       spread = std::uniform_real_distribution<double>(0, 1)]() mutable { return spread(engine); };
}

}  // namespace tocsin::daemon
