// What Alertmanager counts about its two states, silences and notification log, under its names:
// `alertmanager_silences_...` and `alertmanager_nflog_...`. There are no snapshots, since every
// change is written when it is made; what would count those does not exist.
//
// Outlives the state it counts; any thread.
#pragma once

#include <prometheus/summary.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/metrics.h"

namespace tocsin::receivers {

class StateMetrics {
 public:
  // `prefix`: "alertmanager_silences" or "alertmanager_nflog".
  StateMetrics(MetricRegistry& registry, const std::string& prefix);

  // Measures until its end; `metrics` may be null.
  class Timer {
   public:
    enum class What : std::uint8_t { kQuery, kForgetting };
    Timer(StateMetrics* metrics, What what) : metrics_(metrics), what_(what) {
      if (metrics_ != nullptr) began_ = std::chrono::steady_clock::now();
    }
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    StateMetrics* const metrics_;
    const What what_;
    std::chrono::steady_clock::time_point began_;
  };

 private:
  prometheus::Counter& queries_;
  prometheus::Histogram& query_seconds_;
  prometheus::Summary& gc_seconds_;
  prometheus::Counter& maintenance_;
};

}  // namespace tocsin::receivers
