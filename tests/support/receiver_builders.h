// Builders and fakes for tests about announcing: alerts as the rule engine hands them over, and
// receivers whose channel is the test itself.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/alert.h"
#include "base/metrics.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {
struct GroupNotification;
struct PipelineGraph;
}  // namespace tocsin::receivers

namespace tocsin::testing {

// "system.cpu.usage > 80.0", no cooldown; change what a test is about.
std::shared_ptr<ThresholdRule> CpuUsageRule();

// 2024-05-01T10:00:00.123Z
inline Timestamp FiredAt() { return FromUnixMillis(1'714'557'600'123); }

// An episode that fires; its fingerprint is that of rule and host.
std::shared_ptr<Alert> FiringAlert(std::shared_ptr<const ThresholdRule> rule, const std::string& id,
                                   const std::string& host = "web-1");

AlertPtr Acknowledged(const Alert& alert);

// Two minutes after it fired.
std::shared_ptr<Alert> Resolved(const Alert& alert,
                                ResolveReason reason = ResolveReason::kRecovered);

// How attempts end.
receivers::Outcome Unavailable();
// Asked to wait.
receivers::Outcome RateLimited(Duration retry_after);
// The message was sent whole, the answer never came.
receivers::Outcome TimedOut();
receivers::Outcome NotFound();
// This payload will never be taken.
receivers::Outcome BadRequest();

// What left through the channels of a test, in order. Outlives every "process" of the test, as the
// receivers of this world do.
struct Wire {
  struct Attempt {
    std::string receiver;
    receivers::Notification notification;
    Duration timeout{0};
    receivers::Channel::Done done;  // empty once answered
  };

  // Each as "ops e1-firing-1": the receiver and the message's key.
  std::vector<std::string> told() const;
  void Answer(std::size_t i, receivers::Outcome outcome);
  // Everything that waits for an answer.
  void AnswerAll(const receivers::Outcome& outcome);

  std::deque<Attempt> attempts;
};

class WireChannel final : public receivers::Channel {
 public:
  WireChannel(Wire& wire, std::string receiver);
  void Deliver(const receivers::Notification& notification, Duration timeout, Done done) override;

 private:
  Wire& wire_;
  const std::string receiver_;
};

// A receiver "ops" has one integration, "ops/wire". `url` stands for all of its settings.
struct WireReceiver {
  std::string name;
  std::string url = "http://127.0.0.1/a";
  bool send_resolved = true;
  config::NativeGrouping grouping = {};
  config::DeliveryLimits limits = {};
  // Null: all its messages go to one place.
  std::function<std::string(const receivers::GroupNotification&)> endpoint = nullptr;
};

// Receivers of tocsin.yml, without an alertmanager.yml. The first one is the default.
std::shared_ptr<const receivers::PipelineGraph> WireGraph(Wire& wire,
                                                          const std::vector<WireReceiver>& wanted);

// The value of a counter or gauge; -1 where there is no such series.
double MetricValue(const MetricRegistry& registry, const std::string& name,
                   const std::map<std::string, std::string>& labels = {});

}  // namespace tocsin::testing
