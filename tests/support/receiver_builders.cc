#include "tests/support/receiver_builders.h"

#include <chrono>
#include <utility>

#include "base/check.h"
#include "receivers/channels/native_group_channel.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::testing {

std::shared_ptr<ThresholdRule> CpuUsageRule() {
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

std::shared_ptr<Alert> FiringAlert(std::shared_ptr<const ThresholdRule> rule, const std::string& id,
                                   const std::string& host) {
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

AlertPtr Acknowledged(const Alert& alert) {
  auto next = std::make_shared<Alert>(alert);
  next->state = AlertState::kAcknowledged;
  next->acknowledged_at = FiredAt() + std::chrono::seconds(30);
  next->acknowledged_by = "anna";
  return next;
}

std::shared_ptr<Alert> Resolved(const Alert& alert, ResolveReason reason) {
  auto next = std::make_shared<Alert>(alert);
  next->state = AlertState::kResolved;
  next->resolved_at = FiredAt() + std::chrono::minutes(2);
  next->updated_at = *next->resolved_at;
  next->resolved_reason = reason;
  next->value = 75;
  return next;
}

receivers::Outcome Unavailable() {
  return receivers::Outcome::Retry(receivers::Failure::kServerError, "HTTP status 503");
}

receivers::Outcome RateLimited(Duration retry_after) {
  receivers::Outcome outcome =
      receivers::Outcome::Retry(receivers::Failure::kRateLimited, "HTTP status 429");
  outcome.retry_after = retry_after;
  return outcome;
}

receivers::Outcome TimedOut() {
  receivers::Outcome outcome = receivers::Outcome::Retry(receivers::Failure::kTimeout, "no answer");
  outcome.may_have_arrived = true;
  return outcome;
}

receivers::Outcome NotFound() {
  return receivers::Outcome::GiveUp(receivers::Failure::kClientError, "HTTP status 404",
                                    "check the URL");
}

receivers::Outcome BadRequest() {
  receivers::Outcome outcome = receivers::Outcome::GiveUp(receivers::Failure::kClientError,
                                                          "HTTP status 400", "check the format");
  outcome.payload_refused = true;
  return outcome;
}

std::vector<std::string> Wire::told() const {
  std::vector<std::string> told;
  for (const Attempt& attempt : attempts) {
    told.push_back(attempt.receiver + " " + attempt.notification.IdempotencyKey());
  }
  return told;
}

void Wire::Answer(std::size_t i, receivers::Outcome outcome) {
  const receivers::Channel::Done done = std::exchange(attempts.at(i).done, nullptr);
  CHECK(done != nullptr);
  done(std::move(outcome));
}

void Wire::AnswerAll(const receivers::Outcome& outcome) {
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i].done != nullptr) Answer(i, outcome);
  }
}

WireChannel::WireChannel(Wire& wire, std::string receiver)
    : wire_(wire), receiver_(std::move(receiver)) {}

void WireChannel::Deliver(const receivers::Notification& notification, Duration timeout,
                          Done done) {
  wire_.attempts.push_back({receiver_, notification, timeout, std::move(done)});
}

namespace {

// One whose messages go to several places.
class ManyEndpoints final : public receivers::GroupChannel {
 public:
  ManyEndpoints(std::unique_ptr<receivers::GroupChannel> channel, const WireReceiver& receiver)
      : channel_(std::move(channel)), endpoint_(receiver.endpoint), settings_(receiver.url) {}

  void Deliver(const receivers::GroupNotification& notification, Duration timeout,
               receivers::Channel::Done done) override {
    channel_->Deliver(notification, timeout, std::move(done));
  }
  std::string Endpoint(const receivers::GroupNotification& notification) const override {
    return endpoint_(notification);
  }
  bool HasSettingsOf(const GroupChannel& other) const override {
    const auto* const same = dynamic_cast<const ManyEndpoints*>(&other);
    return same != nullptr && same->settings_ == settings_;
  }

 private:
  const std::unique_ptr<receivers::GroupChannel> channel_;
  const std::function<std::string(const receivers::GroupNotification&)> endpoint_;
  const std::string settings_;
};

}  // namespace

receivers::PipelineGraphPtr WireGraph(Wire& wire, const std::vector<WireReceiver>& wanted) {
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
    integration->limits = receiver.limits;
    integration->channel = receivers::MakeNativeGroupChannel(std::move(built), channel);
    if (receiver.endpoint) {
      integration->channel =
          std::make_unique<ManyEndpoints>(std::move(integration->channel), receiver);
    }
    graph->named_receivers[receiver.name] = {integration};
    graph->direct_routes.emplace(receiver.name,
                                 receivers::MakeDirectRoute(receiver.name, receiver.grouping));
  }
  return graph;
}

double MetricValue(const MetricRegistry& registry, const std::string& name,
                   const std::map<std::string, std::string>& labels) {
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
