#include "exporter/exposition/registry_families.h"

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/number.h"

namespace tocsin::exposition {
namespace {

MetricType TypeOf(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return MetricType::kCounter;
    case prometheus::MetricType::Gauge:
      return MetricType::kGauge;
    case prometheus::MetricType::Summary:
      return MetricType::kSummary;
    case prometheus::MetricType::Histogram:
      return MetricType::kHistogram;
    case prometheus::MetricType::Untyped:
      return MetricType::kUnknown;
  }
  return MetricType::kUnknown;
}

// The points of one metric, which share its labels.
class PointMaker {
 public:
  PointMaker(const prometheus::ClientMetric& metric, Family* family) : family_(family) {
    for (const prometheus::ClientMetric::Label& label : metric.label) {
      builder_.Set(label.name, label.value);
    }
  }

  void Add(std::string_view ending, double value) {
    Point point;
    point.name = family_->metadata.name;
    point.name += ending;
    point.labels = builder_.Build();
    point.value = NormaliseNan(value);
    family_->points.push_back(std::move(point));
  }
  void AddAt(std::string_view boundary, double bound, std::string_view ending, double value) {
    builder_.Set(boundary, FormatFloat(bound));
    Add(ending, value);
    builder_.Remove(boundary);
  }

 private:
  Family* family_;
  LabelsBuilder builder_;
};

void AddPoints(const prometheus::ClientMetric& metric, prometheus::MetricType type,
               Family* family) {
  PointMaker points(metric, family);
  switch (type) {
    case prometheus::MetricType::Counter:
      points.Add("", metric.counter.value);
      break;
    case prometheus::MetricType::Gauge:
      points.Add("", metric.gauge.value);
      break;
    case prometheus::MetricType::Untyped:
      points.Add("", metric.untyped.value);
      break;
    case prometheus::MetricType::Histogram:
      for (const prometheus::ClientMetric::Bucket& bucket : metric.histogram.bucket) {
        points.AddAt("le", bucket.upper_bound, "_bucket",
                     static_cast<double>(bucket.cumulative_count));
      }
      points.Add("_sum", metric.histogram.sample_sum);
      points.Add("_count", static_cast<double>(metric.histogram.sample_count));
      break;
    case prometheus::MetricType::Summary:
      for (const prometheus::ClientMetric::Quantile& quantile : metric.summary.quantile) {
        points.AddAt("quantile", quantile.quantile, "", quantile.value);
      }
      points.Add("_sum", metric.summary.sample_sum);
      points.Add("_count", static_cast<double>(metric.summary.sample_count));
      break;
  }
}

}  // namespace

std::vector<Family> CollectFamilies(const prometheus::Collectable& collectable) {
  std::vector<Family> families;
  for (const prometheus::MetricFamily& collected : collectable.Collect()) {
    Family family;
    family.metadata.name = collected.name;
    family.metadata.type = TypeOf(collected.type);
    family.metadata.help = collected.help;
    for (const prometheus::ClientMetric& metric : collected.metric) {
      AddPoints(metric, collected.type, &family);
    }
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace tocsin::exposition
