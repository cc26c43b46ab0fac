#include "exporter/daemon/self_metrics.h"

#include <prometheus/metric_family.h>

#include "base/number.h"

namespace tocsin::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

void AddSample(const std::string& name, const ClientMetric& metric, const std::string& instance,
               double value, Timestamp now, SampleBatch* batch) {
  LabelsBuilder labels;
  labels.Set(kMetricNameLabel, name).Set("job", "tocsin").Set("instance", instance);
  for (const ClientMetric::Label& label : metric.label) labels.Set(label.name, label.value);
  batch->Add(labels, {now, NormaliseNan(value)});
}

void AddFamily(const MetricFamily& family, const std::string& instance, Timestamp now,
               SampleBatch* batch) {
  for (const ClientMetric& metric : family.metric) {
    switch (family.type) {
      case prometheus::MetricType::Counter:
        AddSample(family.name, metric, instance, metric.counter.value, now, batch);
        break;
      case prometheus::MetricType::Gauge:
        AddSample(family.name, metric, instance, metric.gauge.value, now, batch);
        break;
      case prometheus::MetricType::Histogram:
        AddSample(family.name + "_sum", metric, instance, metric.histogram.sample_sum, now, batch);
        AddSample(family.name + "_count", metric, instance,
                  static_cast<double>(metric.histogram.sample_count), now, batch);
        break;
      default:
        break;  // Tocsin has no metrics of other kinds
    }
  }
}

}  // namespace

SampleBatch CollectSelf(const std::vector<const prometheus::Collectable*>& sources,
                        const std::string& instance, Timestamp now) {
  SampleBatch batch(Origin::kSelf);
  for (const prometheus::Collectable* source : sources) {
    for (const MetricFamily& family : source->Collect()) AddFamily(family, instance, now, &batch);
  }
  return batch;
}

}  // namespace tocsin::daemon
