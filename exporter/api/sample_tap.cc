#include "exporter/api/sample_tap.h"

#include <algorithm>
#include <utility>

namespace tocsin::api {

SampleTap::SampleTap(SampleSink& sink, MetricRegistry& metrics)
    : sink_(sink),
      passed_over_(CounterFamily(metrics, "tocsin_stream_samples_passed_over_total",
                                 "Samples that stream clients wanted and for which there was no "
                                 "room until they were taken.")
                       .Add({})) {}

AppendReport SampleTap::Append(const SampleBatch& batch, Timestamp now) {
  AppendReport report = sink_.Append(batch, now);
  if (is_wanted_) {
    if (const std::shared_ptr<const Wanted> wanted = wanted_.Get()) Keep(batch, report, *wanted);
  }
  return report;
}

void SampleTap::Keep(const SampleBatch& batch, const AppendReport& report, const Wanted& wanted) {
  auto refused = report.refused.begin();
  for (std::uint32_t index = 0; index < batch.size(); ++index) {
    if (refused != report.refused.end() && refused->index == index) {
      ++refused;
      continue;
    }
    const SampleBatch::Item& item = batch.items()[index];
    const LabelsView labels = batch.labels(item);
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&](const auto& one) { return one->Selects(labels); })) {
      continue;
    }
    MutexLock lock(mu_);
    const auto found = newest_.find(std::string(labels.bytes()));
    if (found != newest_.end()) {
      found->second = item.sample;
    } else if (newest_.size() < kMostSeries) {
      newest_.emplace(labels.bytes(), item.sample);
    } else {
      passed_over_.Increment();
    }
  }
}

void SampleTap::Listen(std::uint64_t listener, std::shared_ptr<const SampleSubscription> wanted) {
  if (wanted != nullptr) {
    listeners_[listener] = std::move(wanted);
  } else if (listeners_.erase(listener) == 0) {
    return;
  }
  auto all = std::make_shared<Wanted>();
  for (const auto& [id, one] : listeners_) all->push_back(one);
  is_wanted_ = !all->empty();
  wanted_.Publish(std::move(all));
  if (listeners_.empty()) Take();
}

std::vector<SampleTap::Tapped> SampleTap::Take() {
  std::unordered_map<std::string, Sample> newest;
  {
    MutexLock lock(mu_);
    newest.swap(newest_);
  }
  std::vector<Tapped> tapped;
  tapped.reserve(newest.size());
  for (const auto& [bytes, sample] : newest) {
    tapped.push_back({Labels(LabelsView::FromBytes(bytes)), sample});
  }
  return tapped;
}

}  // namespace tocsin::api
