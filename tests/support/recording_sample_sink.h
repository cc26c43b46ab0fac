// A SampleSink that keeps what it was given and can be as full as a test wants.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/number.h"
#include "base/sample.h"

namespace tocsin::testing {

class RecordingSampleSink final : public SampleSink {
 public:
  struct Appended {
    Labels labels;
    Sample sample;
    Origin origin = Origin::kSelf;
    SameTime same_time = SameTime::kReplace;
    std::size_t batch = 0;  // counted from 0
  };

  AppendReport Append(const SampleBatch& batch, Timestamp /*now*/) override {
    if (before_append_) before_append_(batch);
    MutexLock lock(mu_);
    AppendReport report;
    for (std::uint32_t i = 0; i < batch.size(); ++i) {
      const SampleBatch::Item& item = batch.items()[i];
      const Labels labels(batch.labels(item));
      if (const std::optional<Refusal> why = RefusalOf(labels, item)) {
        report.refused.push_back({i, *why, *why == Refusal::kNameTaken ? taken_by_ : ""});
        continue;
      }
      if (newest_.count(labels) == 0) ++report.new_series;
      newest_[labels] = item.sample;
      ++report.accepted;
      appended_.push_back({labels, item.sample, batch.origin(), batch.same_time(), batches_});
    }
    for (const FamilyMetadata& family : batch.metadata()) metadata_[family.name] = family;
    ++batches_;
    return report;
  }

  // Series beyond this many are refused.
  void SetMaxSeries(std::size_t n) {
    MutexLock lock(mu_);
    max_series_ = n;
  }
  // This series is refused as one whose name is taken.
  void TakeName(Labels labels, std::string by = {}) {
    MutexLock lock(mu_);
    taken_ = std::move(labels);
    taken_by_ = std::move(by);
  }
  // Runs first in each Append, without a lock. Set before anybody appends.
  void BeforeAppend(std::function<void(const SampleBatch&)> run) {
    before_append_ = std::move(run);
  }

  // a{x="1"} to its newest value: "stale" for an ended series, nothing for one never seen.
  std::optional<std::string> Newest(const std::string& series) const {
    MutexLock lock(mu_);
    for (const auto& [labels, sample] : newest_) {
      if (labels.ToString() == series) {
        return IsStaleNan(sample.value) ? "stale" : FormatFloat(sample.value);
      }
    }
    return std::nullopt;
  }
  std::optional<Timestamp> NewestTime(const std::string& series) const {
    MutexLock lock(mu_);
    for (const auto& [labels, sample] : newest_) {
      if (labels.ToString() == series) return sample.timestamp;
    }
    return std::nullopt;
  }
  // Every series that lives, "a{x=\"1\"} 2" each, sorted.
  std::vector<std::string> Living() const {
    MutexLock lock(mu_);
    std::vector<std::string> living;
    for (const auto& [labels, sample] : newest_) {
      if (IsStaleNan(sample.value)) continue;
      living.push_back(labels.ToString() + " " + FormatFloat(sample.value));
    }
    return living;
  }
  std::vector<Appended> appended() const {
    MutexLock lock(mu_);
    return appended_;
  }
  std::size_t batches() const {
    MutexLock lock(mu_);
    return batches_;
  }
  std::optional<FamilyMetadata> Metadata(const std::string& family) const {
    MutexLock lock(mu_);
    const auto found = metadata_.find(family);
    if (found == metadata_.end()) return std::nullopt;
    return found->second;
  }
  void Clear() {
    MutexLock lock(mu_);
    appended_.clear();
  }

 private:
  std::optional<Refusal> RefusalOf(const Labels& labels, const SampleBatch::Item& item) const
      REQUIRES_LOCK(mu_) {
    if (taken_ && *taken_ == labels) return Refusal::kNameTaken;
    const auto known = newest_.find(labels);
    if (known == newest_.end()) {
      if (newest_.size() >= max_series_) return Refusal::kTooManySeries;
    } else if (item.sample.timestamp < known->second.timestamp) {
      return Refusal::kOutOfOrder;
    }
    return std::nullopt;
  }

  std::function<void(const SampleBatch&)> before_append_;
  mutable Mutex mu_;
  std::map<Labels, Sample> newest_ GUARDED_BY(mu_);
  std::map<std::string, FamilyMetadata> metadata_ GUARDED_BY(mu_);
  std::vector<Appended> appended_ GUARDED_BY(mu_);
  std::size_t batches_ GUARDED_BY(mu_) = 0;
  std::size_t max_series_ GUARDED_BY(mu_) = std::numeric_limits<std::size_t>::max();
  std::optional<Labels> taken_ GUARDED_BY(mu_);
  std::string taken_by_ GUARDED_BY(mu_);
};

}  // namespace tocsin::testing
