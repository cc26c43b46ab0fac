// What the dispatcher counts, under Alertmanager's names: existing dashboards and alerts query
// them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// What holds an alert back that fires.
enum class HeldBy : std::uint8_t { kAcknowledgement, kInhibition, kSilence, kCooldown };

// What only the full daemon counts.
class HoldMetrics {
 public:
  explicit HoldMetrics(MetricRegistry& registry);
  // Counted when it begins.
  prometheus::Counter& Of(HeldBy why);

  prometheus::Counter& without_receiver;

 private:
  prometheus::Counter& by_cooldown_;
  prometheus::Counter& by_acknowledgement_;
  prometheus::Counter& by_muter_;
};

class DispatchMetrics {
 public:
  // `by_receiver`: what is counted for an integration has the label receiver_name too.
  // `every_type`: types that are not configured have series, too, as Alertmanager shows them.
  DispatchMetrics(MetricRegistry& registry, bool by_receiver, bool every_type);

  // Its series exist from now on, at zero.
  void AddIntegration(const GroupIntegration& integration) { Of(integration); }
  void CountNotification(const GroupIntegration& integration) {
    Of(integration).notifications->Increment();
  }
  void CountFailed(const GroupIntegration& integration, const Outcome& why, bool deadline_passed);
  void CountRequest(const GroupIntegration& integration, bool failed);
  void ObserveLatency(const GroupIntegration& integration, Duration latency);

  prometheus::Gauge& groups;
  prometheus::Histogram& processing;  // seconds
  prometheus::Counter& suppressed_by_acknowledgement;
  prometheus::Counter& suppressed_by_silence;
  prometheus::Counter& suppressed_by_inhibition;
  prometheus::Counter& suppressed_by_mute_interval;
  prometheus::Counter& suppressed_by_active_interval;

 private:
  // The series of a type, or of a type and a receiver.
  struct OfIntegration {
    prometheus::Counter* notifications = nullptr;
    prometheus::Counter* requests = nullptr;
    prometheus::Counter* requests_failed = nullptr;
    prometheus::Histogram* latency = nullptr;
    std::map<std::string_view, prometheus::Counter*> failed;  // by reason
  };
  OfIntegration& Of(const GroupIntegration& integration);

  const bool by_receiver_;

  prometheus::Family<prometheus::Counter>& notifications_;
  prometheus::Family<prometheus::Counter>& failed_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Counter>& requests_failed_;
  prometheus::Family<prometheus::Histogram>& latency_;
  std::map<prometheus::Labels, OfIntegration> integrations_;
};

}  // namespace tocsin::receivers
