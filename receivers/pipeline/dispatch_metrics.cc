#include "receivers/pipeline/dispatch_metrics.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kReasons[] = {"other",
                                         "clientError",
                                         "serverError",
                                         "contextCanceled",
                                         "authError",
                                         "rateLimited",
                                         "contextDeadlineExceeded"};

// Every type that a configuration may name: each counts from the start, also where it is not
// configured, so that the first failure is a change and not a new series.
constexpr const char* kTypes[] = {
    "discord",   "email",    "incidentio", "jira",     "mattermost", "msteams",
    "msteamsv2", "opsgenie", "pagerduty",  "pushover", "rocketchat", "slack",
    "sns",       "telegram", "victorops",  "webex",    "webhook",    "wechat"};

// Seconds, as Alertmanager has them.
// https://github.com/prometheus/alertmanager/blob/main/notify/notify.go
const prometheus::Histogram::BucketBoundaries& LatencyBounds() {
  static const prometheus::Histogram::BucketBoundaries kBounds = {1, 5, 10, 15, 20};
  return kBounds;
}
const prometheus::Histogram::BucketBoundaries& ProcessingBounds() {
  static const prometheus::Histogram::BucketBoundaries kBounds = {0.00001, 0.0001, 0.001, 0.01,
                                                                  0.1};
  return kBounds;
}

std::string_view ReasonOf(const Outcome& outcome, bool deadline_passed) {
  if (outcome.failure == Failure::kCancelled) return "contextCanceled";
  if (deadline_passed) return "contextDeadlineExceeded";
  switch (outcome.failure) {
    case Failure::kAuth:
      return "authError";
    case Failure::kRateLimited:
      return "rateLimited";
    case Failure::kClientError:
      return "clientError";
    case Failure::kServerError:
      return "serverError";
    case Failure::kTimeout:
      return "contextDeadlineExceeded";
    case Failure::kCancelled:
    case Failure::kNone:
    case Failure::kNetwork:
    case Failure::kOther:
      return "other";
  }
  return "other";
}

prometheus::Family<prometheus::Counter>& Suppressed(MetricRegistry& registry) {
  return CounterFamily(registry, "alertmanager_notifications_suppressed_total",
                       "Alerts held back from a notification, by what held them back.");
}

prometheus::Counter& Held(MetricRegistry& registry, const std::string& reason) {
  return CounterFamily(registry, "alerting_notifications_suppressed_total",
                       "Announcements held back, by reason.")
      .Add({{"reason", reason}});
}

}  // namespace

HoldMetrics::HoldMetrics(MetricRegistry& registry)
    : without_receiver(
          CounterFamily(registry, "tocsin_notifications_unroutable_total",
                        "Alerts of rules whose receivers exist not or have no channel.")
              .Add({})),
      by_cooldown_(Held(registry, "cooldown")),
      by_acknowledgement_(Held(registry, "acknowledged")),
      by_muter_(Held(registry, "muted")) {}

prometheus::Counter& HoldMetrics::Of(HeldBy why) {
  switch (why) {
    case HeldBy::kAcknowledgement:
      return by_acknowledgement_;
    case HeldBy::kCooldown:
      return by_cooldown_;
    case HeldBy::kInhibition:
    case HeldBy::kSilence:
      return by_muter_;
  }
  return by_muter_;
}

DispatchMetrics::DispatchMetrics(MetricRegistry& registry, bool by_receiver, bool every_type)
    : groups(GaugeFamily(registry, "alertmanager_dispatcher_aggregation_groups",
                         "Groups of alerts that there are.")
                 .Add({})),
      processing(HistogramFamily(registry,
                                 "alertmanager_dispatcher_alert_processing_duration_seconds",
                                 "How long it takes to bring alerts into their groups.")
                     .Add({}, ProcessingBounds())),
      suppressed_by_acknowledgement(Suppressed(registry).Add({{"reason", "acknowledgement"}})),
      suppressed_by_silence(Suppressed(registry).Add({{"reason", "silence"}})),
      suppressed_by_inhibition(Suppressed(registry).Add({{"reason", "inhibition"}})),
      suppressed_by_mute_interval(Suppressed(registry).Add({{"reason", "mute_time_interval"}})),
      suppressed_by_active_interval(Suppressed(registry).Add({{"reason", "active_time_interval"}})),
      by_receiver_(by_receiver),
      notifications_(CounterFamily(registry, "alertmanager_notifications_total",
                                   "Notifications that were to be sent.")),
      failed_(CounterFamily(registry, "alertmanager_notifications_failed_total",
                            "Notifications that failed, by reason.")),
      requests_(CounterFamily(registry, "alertmanager_notification_requests_total",
                              "Attempts at notifications.")),
      requests_failed_(CounterFamily(registry, "alertmanager_notification_requests_failed_total",
                                     "Attempts at notifications that failed.")),
      latency_(HistogramFamily(registry, "alertmanager_notification_latency_seconds",
                               "How long an attempt takes.")) {
  if (by_receiver_ || !every_type) return;  // which receivers there are is known later
  GroupIntegration integration;
  for (const char* type : kTypes) {
    integration.type = type;
    AddIntegration(integration);
  }
}

DispatchMetrics::OfIntegration& DispatchMetrics::Of(const GroupIntegration& integration) {
  prometheus::Labels labels = {{"integration", integration.type}};
  if (by_receiver_) labels.emplace("receiver_name", integration.receiver);
  const auto [found, is_new] = integrations_.try_emplace(labels);
  OfIntegration& of = found->second;
  if (!is_new) return of;
  of.notifications = &notifications_.Add(labels);
  of.requests = &requests_.Add(labels);
  of.requests_failed = &requests_failed_.Add(labels);
  of.latency = &latency_.Add(labels, LatencyBounds());
  for (std::string_view reason : kReasons) {
    labels["reason"] = reason;
    of.failed[reason] = &failed_.Add(labels);
  }
  return of;
}

void DispatchMetrics::CountFailed(const GroupIntegration& integration, const Outcome& why,
                                  bool deadline_passed) {
  Of(integration).failed.at(ReasonOf(why, deadline_passed))->Increment();
}

void DispatchMetrics::CountRequest(const GroupIntegration& integration, bool failed) {
  OfIntegration& of = Of(integration);
  of.requests->Increment();
  if (failed) of.requests_failed->Increment();
}

void DispatchMetrics::ObserveLatency(const GroupIntegration& integration, Duration latency) {
  Of(integration).latency->Observe(std::chrono::duration<double>(latency).count());
}

}  // namespace tocsin::receivers
