// What the dispatcher counts, under Alertmanager's names: existing dashboards and alerts query
// them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

class DispatchMetrics {
 public:
  explicit DispatchMetrics(MetricRegistry& registry);

  // Its series exist from now on, at zero.
  void AddIntegration(const std::string& type) { Of(type); }
  void CountNotification(const std::string& type) { Of(type).notifications->Increment(); }
  void CountFailed(const std::string& type, const Outcome& why, bool deadline_passed);
  void CountRequest(const std::string& type, bool failed);
  void ObserveLatency(const std::string& type, Duration latency);

  prometheus::Gauge& groups;
  prometheus::Histogram& processing;  // seconds
  prometheus::Counter& suppressed_by_acknowledgement;
  prometheus::Counter& suppressed_by_silence;
  prometheus::Counter& suppressed_by_inhibition;
  prometheus::Counter& suppressed_by_mute_interval;
  prometheus::Counter& suppressed_by_active_interval;

 private:
  struct OfType {
    prometheus::Counter* notifications = nullptr;
    prometheus::Counter* requests = nullptr;
    prometheus::Counter* requests_failed = nullptr;
    prometheus::Histogram* latency = nullptr;
    std::map<std::string_view, prometheus::Counter*> failed;  // by reason
  };
  OfType& Of(const std::string& type);

  prometheus::Family<prometheus::Counter>& notifications_;
  prometheus::Family<prometheus::Counter>& failed_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Counter>& requests_failed_;
  prometheus::Family<prometheus::Histogram>& latency_;
  std::map<std::string, OfType> by_type_;
};

}  // namespace tocsin::receivers
