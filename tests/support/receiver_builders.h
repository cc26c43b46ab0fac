// Builders and fakes for tests about announcing: alerts as the rule engine hands them over, and
// receivers whose channel is the test itself.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "base/check.h"
#include "base/metrics.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/native_group_channel.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::testing {

// "system.cpu.usage > 80.0", no cooldown; change what a test is about.
inline std::shared_ptr<ThresholdRule> CpuUsageRule() {
  auto rule = std::make_shared<ThresholdRule>();
  rule->id = "rule-1";
  rule->name = "High CPU Usage";
  rule->description = "CPU usage is high";
  rule->metric_name = "system.cpu.usage";
  rule->series_name = "system_cpu_usage";
  rule->condition = Condition::kGreater;
  rule->threshold = 80;
  rule->threshold_text = "80.0";
  rule->duration = std::chrono::seconds(60);
  rule->severity = Severity::kHigh;
  rule->cooldown = Duration(0);
  return rule;
}

// 2024-05-01T10:00:00.123Z
inline Timestamp FiredAt() { return FromUnixMillis(1'714'557'600'123); }

// An episode that fires; its fingerprint is that of rule and host.
inline std::shared_ptr<Alert> FiringAlert(std::shared_ptr<const ThresholdRule> rule,
                                          const std::string& id,
                                          const std::string& host = "web-1") {
  auto alert = std::make_shared<Alert>();
  alert->id = id;
  alert->fingerprint = Labels{{"rule", rule->id}, {"host", host}}.view().Fingerprint();
  alert->state = AlertState::kFiring;
  alert->metadata = Labels{{"host", host}};
  alert->labels = Labels{{"alertname", rule->name},
                         {"host", host},
                         {"severity", PrometheusSeverityName(rule->severity)},
                         {"pynomaly_severity", SeverityName(rule->severity)}};
  alert->value = 85.5;
  alert->pending_since = FiredAt() - rule->duration;
  alert->triggered_at = FiredAt();
  alert->last_value_at = FiredAt();
  alert->updated_at = FiredAt();
  alert->rule = std::move(rule);
  return alert;
}

inline AlertPtr Acknowledged(const Alert& alert) {
  auto next = std::make_shared<Alert>(alert);
  next->state = AlertState::kAcknowledged;
  next->acknowledged_at = FiredAt() + std::chrono::seconds(30);
  next->acknowledged_by = "anna";
  return next;
}

// Two minutes after it fired.
inline std::shared_ptr<Alert> Resolved(const Alert& alert,
                                       ResolveReason reason = ResolveReason::kRecovered) {
  auto next = std::make_shared<Alert>(alert);
  next->state = AlertState::kResolved;
  next->resolved_at = FiredAt() + std::chrono::minutes(2);
  next->updated_at = *next->resolved_at;
  next->resolved_reason = reason;
  next->value = 75;
  return next;
}

// How attempts end.
inline receivers::Outcome Unavailable() {
  return receivers::Outcome::Retry(receivers::Failure::kServerError, "HTTP status 503");
}
// Asked to wait.
inline receivers::Outcome RateLimited(Duration retry_after) {
  receivers::Outcome outcome =
      receivers::Outcome::Retry(receivers::Failure::kRateLimited, "HTTP status 429");
  outcome.retry_after = retry_after;
  return outcome;
}
// The message was sent whole, the answer never came.
inline receivers::Outcome TimedOut() {
  receivers::Outcome outcome = receivers::Outcome::Retry(receivers::Failure::kTimeout, "no answer");
  outcome.may_have_arrived = true;
  return outcome;
}
inline receivers::Outcome NotFound() {
  return receivers::Outcome::GiveUp(receivers::Failure::kClientError, "HTTP status 404",
                                    "check the URL");
}
// This payload will never be taken.
inline receivers::Outcome BadRequest() {
  receivers::Outcome outcome = receivers::Outcome::GiveUp(receivers::Failure::kClientError,
                                                          "HTTP status 400", "check the format");
  outcome.payload_refused = true;
  return outcome;
}

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
  std::vector<std::string> told() const {
    std::vector<std::string> told;
    for (const Attempt& attempt : attempts) {
      told.push_back(attempt.receiver + " " + attempt.notification.IdempotencyKey());
    }
    return told;
  }
  void Answer(std::size_t i, receivers::Outcome outcome) {
    const receivers::Channel::Done done = std::exchange(attempts.at(i).done, nullptr);
    CHECK(done != nullptr);
    done(std::move(outcome));
  }
  // Everything that waits for an answer.
  void AnswerAll(const receivers::Outcome& outcome) {
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (attempts[i].done != nullptr) Answer(i, outcome);
    }
  }

  std::deque<Attempt> attempts;
};

class WireChannel final : public receivers::Channel {
 public:
  WireChannel(Wire& wire, std::string receiver) : wire_(wire), receiver_(std::move(receiver)) {}
  void Deliver(const receivers::Notification& notification, Duration timeout, Done done) override {
    wire_.attempts.push_back({receiver_, notification, timeout, std::move(done)});
  }

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
};

// Receivers of tocsin.yml, without an alertmanager.yml. The first one is the default.
inline receivers::PipelineGraphPtr WireGraph(Wire& wire, const std::vector<WireReceiver>& wanted) {
  auto settings = std::make_shared<config::AlertmanagerSettings>();
  receivers::NativeTargets native;
  native.has_tree = false;
  for (const WireReceiver& receiver : wanted) {
    native.receivers.emplace_back();
    native.receivers.back().name = receiver.name;
  }
  if (!wanted.empty()) native.default_receivers = {wanted.front().name};
  settings->route.receiver = wanted.empty() ? "" : wanted.front().name;
  auto graph = std::make_shared<receivers::PipelineGraph>(settings, native);
  for (const WireReceiver& receiver : wanted) {
    config::ChannelSettings channel;
    channel.type = "wire";
    channel.webhook.url = Secret(receiver.url);
    receivers::BuiltChannel built;
    built.channel = std::make_unique<WireChannel>(wire, receiver.name);
    auto integration = std::make_shared<receivers::GroupIntegration>();
    integration->receiver = receiver.name;
    integration->type = "wire";
    integration->id = "wire";
    integration->send_resolved = receiver.send_resolved;
    integration->channel = receivers::MakeNativeGroupChannel(std::move(built), channel);
    graph->named_receivers[receiver.name] = {integration};
    graph->direct_routes.emplace(receiver.name,
                                 receivers::MakeDirectRoute(receiver.name, receiver.grouping));
  }
  return graph;
}

// The value of a counter or gauge; -1 where there is no such series.
inline double MetricValue(const MetricRegistry& registry, const std::string& name,
                          const std::map<std::string, std::string>& labels = {}) {
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::map<std::string, std::string> found;
      for (const auto& label : metric.label) found.emplace(label.name, label.value);
      if (found == labels) return metric.counter.value + metric.gauge.value;
    }
  }
  return -1;
}

}  // namespace tocsin::testing
