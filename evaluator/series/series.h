// One series of the store: its labels, its samples, who looks at them. Lives in a SeriesTable;
// guarded by its shard's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

using Watches = std::vector<std::shared_ptr<Watch>>;

// Most of an append's time is waiting for memory. Hence all it touches lies on one cache line and
// the label bytes on those right behind it, so that both are fetched at once; the watches (few
// series have any) are behind a pointer; and `newest` repeats the last sample, so that judging a
// new one does not wait for the far end of the vector.
class alignas(64) Series {
 public:
  struct Delete {
    void operator()(Series* series) const;
  };
  using Pointer = std::unique_ptr<Series, Delete>;

  static Pointer Make(LabelsView labels, std::uint32_t spelling, Origin origin);
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  LabelsView labels() const { return LabelsView::FromBytes({label_bytes(), label_bytes_size_}); }
  // Of the name that made it (base/sample.h).
  std::uint32_t spelling() const { return spelling_; }
  // What brought the newest sample.
  Origin origin() const { return origin_; }

  bool empty() const { return samples_.empty(); }
  // REQUIRES: not empty.
  const Sample& newest() const { return newest_; }
  // Ascending. One growing vector: appending is a push_back, a range a binary search, and
  // forgetting cuts the front. Compressed chunks will replace it.
  const std::vector<Sample>& samples() const { return samples_; }

  // Has memory fetch the labels, and then the place of the next sample, while the caller makes sure
  // that it wants this series.
  void ExpectAppend() const {
    __builtin_prefetch(label_bytes());
    __builtin_prefetch(samples_.data() + samples_.size(), 1);
  }
  // REQUIRES: later than the newest.
  void Append(const Sample& sample, Origin origin) {
    samples_.push_back(sample);
    newest_ = sample;
    origin_ = origin;
  }
  void ReplaceNewest(const Sample& sample, Origin origin) {
    samples_.back() = sample;
    newest_ = sample;
    origin_ = origin;
  }
  // Forgets what is not after `oldest`.
  void Trim(Timestamp oldest);

  // Null where nobody looks at it.
  const Watches* watches() const { return watches_.get(); }
  void SetWatches(Watches watches);

 private:
  Series(std::size_t label_bytes_size, std::uint32_t spelling, Origin origin);
  ~Series() = default;
  const char* label_bytes() const { return reinterpret_cast<const char*>(this + 1); }

  Sample newest_;
  std::vector<Sample> samples_;
  std::uint32_t label_bytes_size_ : 28;
  Origin origin_ : 4;
  std::uint32_t spelling_;
  std::unique_ptr<Watches> watches_;
};
static_assert(sizeof(Series) == 64, "an append touches one cache line of a series");

// The first of the samples after `t`. REQUIRES: ascending.
std::vector<Sample>::const_iterator FirstAfter(const std::vector<Sample>& samples, Timestamp t);

}  // namespace tocsin::evaluator
