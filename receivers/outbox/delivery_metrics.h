// The counters of deliveries. Owned by the outbox, on the dispatcher's thread.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/metrics.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

class DeliveryMetrics {
 public:
  explicit DeliveryMetrics(MetricRegistry& registry);

  // Its series exist from now on, at zero.
  void AddReceiver(const std::string& receiver) { Of(receiver); }
  void CountAttempt(const std::string& receiver, const Outcome& outcome);
  // An attempt whose message says by default what a template was to say.
  void CountTemplateFailure(const std::string& receiver);
  // The circuit of an endpoint of one of its channels has opened or closed.
  void CountCircuit(const std::string& receiver, bool open);
  void ObserveDelivered(std::chrono::nanoseconds since_accepted);

  prometheus::Gauge& pending;
  prometheus::Gauge& dead;

 private:
  struct Counters {
    prometheus::Counter* delivered = nullptr;
    prometheus::Counter* retried = nullptr;
    prometheus::Counter* failed = nullptr;
    prometheus::Counter* template_failures = nullptr;
    prometheus::Gauge* open_circuits = nullptr;
    std::array<prometheus::Counter*, kFailures> failures{};
  };
  Counters& Of(const std::string& receiver);

  prometheus::Family<prometheus::Counter>& sent_;
  prometheus::Family<prometheus::Counter>& failed_;
  prometheus::Family<prometheus::Counter>& template_failures_;
  prometheus::Family<prometheus::Gauge>& open_circuits_;
  prometheus::Counter& attempts_;
  prometheus::Histogram& duration_;
  std::map<std::string, Counters> by_receiver_;
};

}  // namespace tocsin::receivers
