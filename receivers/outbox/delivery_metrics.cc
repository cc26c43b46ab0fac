#include "receivers/outbox/delivery_metrics.h"

namespace tocsin::receivers {
namespace {

// From what the fast path takes on loopback to the longest that retries take within an hour.
prometheus::Histogram::BucketBoundaries DurationBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
          1,     2.5,    5,     10,   30,    60,   300, 3600};
}

}  // namespace

DeliveryMetrics::DeliveryMetrics(MetricRegistry& registry)
    : pending(GaugeFamily(registry, "tocsin_outbox_pending",
                          "Notifications that are neither delivered nor given up.")
                  .Add({})),
      dead(
          GaugeFamily(registry, "tocsin_outbox_dead", "Notifications that were given up.").Add({})),
      sent_(CounterFamily(registry, "alerting_notifications_sent_total",
                          "Attempts to deliver a notification, by receiver and outcome.")),
      failed_(CounterFamily(registry, "alerting_notifications_failed_total",
                            "Attempts that failed, by receiver and reason.")),
      template_failures_(
          CounterFamily(registry, "tocsin_template_failures_total",
                        "Attempts with the default in the place of a template that failed.")),
      open_circuits_(
          GaugeFamily(registry, "tocsin_receiver_open_circuits",
                      "Endpoints of a receiver that do not take messages: one is tried at "
                      "a time.")),
      attempts_(CounterFamily(registry, "tocsin_notification_attempts_total",
                              "Attempts to deliver a notification.")
                    .Add({})),
      duration_(HistogramFamily(registry, "tocsin_notification_duration_seconds",
                                "From the change of an alert until a receiver has confirmed it.")
                    .Add({}, DurationBuckets())) {}

DeliveryMetrics::Counters& DeliveryMetrics::Of(const std::string& receiver) {
  const auto [it, is_new] = by_receiver_.try_emplace(receiver);
  Counters& counters = it->second;
  if (!is_new) return counters;
  counters.delivered = &sent_.Add({{"channel", receiver}, {"outcome", "delivered"}});
  counters.retried = &sent_.Add({{"channel", receiver}, {"outcome", "retried"}});
  counters.failed = &sent_.Add({{"channel", receiver}, {"outcome", "failed"}});
  counters.template_failures = &template_failures_.Add({{"channel", receiver}});
  counters.open_circuits = &open_circuits_.Add({{"channel", receiver}});
  for (std::size_t i = 1; i < kFailures; ++i) {
    const std::string reason(FailureName(static_cast<Failure>(i)));
    counters.failures.at(i) = &failed_.Add({{"channel", receiver}, {"reason", reason}});
  }
  return counters;
}

void DeliveryMetrics::CountAttempt(const std::string& receiver, const Outcome& outcome) {
  attempts_.Increment();
  Counters& counters = Of(receiver);
  switch (outcome.kind) {
    case Outcome::Kind::kDelivered:
      counters.delivered->Increment();
      return;
    case Outcome::Kind::kRetry:
      counters.retried->Increment();
      break;
    case Outcome::Kind::kGiveUp:
      counters.failed->Increment();
      break;
  }
  const auto failure = outcome.failure == Failure::kNone ? Failure::kOther : outcome.failure;
  counters.failures.at(static_cast<std::size_t>(failure))->Increment();
}

void DeliveryMetrics::CountTemplateFailure(const std::string& receiver) {
  Of(receiver).template_failures->Increment();
}

void DeliveryMetrics::CountCircuit(const std::string& receiver, bool open) {
  Of(receiver).open_circuits->Increment(open ? 1 : -1);
}

void DeliveryMetrics::ObserveDelivered(std::chrono::nanoseconds since_accepted) {
  duration_.Observe(std::chrono::duration<double>(since_accepted).count());
}

}  // namespace tocsin::receivers
