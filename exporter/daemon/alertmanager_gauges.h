// What /metrics of `tocsin alertmanager` shows beside the counters, under Alertmanager's names.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/dispatcher.h"
#include "receivers/mute/silences.h"
#include "receivers/pipeline/graph.h"

namespace tocsin::daemon {

// How the last load of the configuration ended, and what is in force. The main thread.
class AlertmanagerConfigMetrics {
 public:
  AlertmanagerConfigMetrics(MetricRegistry& metrics, const std::string& reported_version,
                            bool clustered);
  void Show(const receivers::PipelineGraph& graph, Timestamp now);
  void ShowFailure() { successful_.Set(0); }

 private:
  prometheus::Gauge& successful_;
  prometheus::Gauge& success_time_;
  prometheus::Gauge& hash_;
  prometheus::Gauge& receivers_;
  prometheus::Gauge& integrations_;
  prometheus::Gauge& inhibition_rules_;
};

// Alerts and silences by state, counted when they are asked for. With group keys, alerts are
// counted for each group: an alert that is in several groups then counts in each of them.
class AlertmanagerGauges final : public prometheus::Collectable {
 public:
  // Everything outlives the object.
  AlertmanagerGauges(const receivers::AlertStore& alerts, const receivers::Silences& silences,
                     const receivers::Dispatcher& dispatcher, const Clock& clock,
                     bool with_group_keys = false)
      : alerts_(alerts),
        silences_(silences),
        dispatcher_(dispatcher),
        clock_(clock),
        with_group_keys_(with_group_keys) {}

  // Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  prometheus::MetricFamily Alerts(Timestamp now) const;
  std::vector<prometheus::MetricFamily> Silences(Timestamp now) const;

  const receivers::AlertStore& alerts_;
  const receivers::Silences& silences_;
  const receivers::Dispatcher& dispatcher_;
  const Clock& clock_;
  const bool with_group_keys_;
};

}  // namespace tocsin::daemon
