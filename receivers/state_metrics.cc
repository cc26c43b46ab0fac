#include "receivers/state_metrics.h"

namespace tocsin::receivers {
namespace {

// Seconds; those of Prometheus's client libraries.
prometheus::Histogram::BucketBoundaries QueryBounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

prometheus::Counter& Counter(MetricRegistry& registry, const std::string& name, const char* help) {
  return CounterFamily(registry, name.c_str(), help).Add({});
}

}  // namespace

StateMetrics::StateMetrics(MetricRegistry& registry, const std::string& prefix)
    : queries_(Counter(registry, prefix + "_queries_total", "Questions that were asked.")),
      query_seconds_(HistogramFamily(registry, (prefix + "_query_duration_seconds").c_str(),
                                     "How long an answer takes.")
                         .Add({}, QueryBounds())),
      gc_seconds_(prometheus::BuildSummary()
                      .Name(prefix + "_gc_duration_seconds")
                      .Help("How long it takes to forget what is over.")
                      .Register(registry)
                      .Add({}, prometheus::Summary::Quantiles())),
      maintenance_(Counter(registry, prefix + "_maintenance_total",
                           "How often what is over was forgotten.")) {
  // True at zero as long as this process runs: it gossips with nobody, and its memory answers.
  Counter(registry, prefix + "_query_errors_total", "Questions that could not be answered.");
  Counter(registry, prefix + "_maintenance_errors_total", "How often forgetting failed.");
  Counter(registry, prefix + "_gossip_messages_propagated_total",
          "Messages of peers that were passed on.");
}

StateMetrics::Timer::~Timer() {
  if (metrics_ == nullptr) return;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  if (what_ == What::kQuery) {
    metrics_->queries_.Increment();
    metrics_->query_seconds_.Observe(took.count());
  } else {
    metrics_->maintenance_.Increment();
    metrics_->gc_seconds_.Observe(took.count());
  }
}

}  // namespace tocsin::receivers
