#include "exporter/daemon/alert_pictures.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/chart.h"

namespace tocsin::daemon {
namespace {

constexpr Duration kShown = std::chrono::hours(1);

// Of those that have all the labels of the alert, the one that has no others.
bool IsSeriesOf(const Alert& alert, const Labels& series) {
  LabelsBuilder own(series);
  return own.Remove(kMetricNameLabel).Build() == alert.metadata;
}

std::string SeriesText(const Alert& alert) {
  const std::string labels = alert.metadata.empty() ? "" : alert.metadata.ToString();
  return alert.rule->metric_name + labels;
}

}  // namespace

Result<std::vector<Sample>> AlertPictures::SamplesOf(const Alert& alert, Timestamp from,
                                                     Timestamp to) const {
  std::vector<Matcher> matchers;
  matchers.push_back(Matcher::Equal(std::string(kMetricNameLabel), alert.rule->series_name));
  for (const Label& label : alert.metadata) {
    matchers.push_back(Matcher::Equal(std::string(label.name), std::string(label.value)));
  }
  for (SeriesSamples& series : series_.Select(matchers, from, to)) {
    if (IsSeriesOf(alert, series.labels) && !series.samples.empty()) {
      return std::move(series.samples);
    }
  }
  return Error{"there are no samples of its series in the last hour"};
}

Result<std::string> AlertPictures::Draw(const Alert& alert) {
  if (alert.rule->series_name.empty()) return std::string();
  ChartSpec spec;
  spec.to = clock_.Now();
  spec.from = spec.to - kShown;
  Result<std::vector<Sample>> samples = SamplesOf(alert, spec.from, spec.to);
  if (!samples) return samples.error();
  if (!cairo_) {
    Result<CairoLibrary> cairo = CairoLibrary::Load();
    if (!cairo) return cairo.error();
    cairo_.emplace(*std::move(cairo));
  }
  spec.title = alert.rule->name;
  spec.subtitle = SeriesText(alert);
  spec.samples = *std::move(samples);
  spec.threshold = alert.rule->threshold;
  spec.condition = alert.rule->condition;
  spec.severity = alert.rule->severity;
  return DrawChart(*cairo_, spec);
}

}  // namespace tocsin::daemon
