// One series of the store: its labels, its samples, who looks at them. Lives in a SeriesTable;
// guarded by its shard's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

using Watches = std::vector<std::shared_ptr<Watch>>;

// Most of an append's time is waiting for memory. Hence all it touches lies on the two cache lines
// of the series and on those of the label bytes right behind them, so that they are fetched at
// once: new samples go to a short head, which moves to the growing vector when it is full; and the
// watches, which few series have, are behind a pointer.
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

  bool empty() const { return head_size_ == 0; }
  // REQUIRES: not empty.
  const Sample& newest() const { return head_[head_size_ - 1]; }
  // Adds the samples after `from` and up to `to`, ascending.
  void CopyRange(Timestamp from, Timestamp to, std::vector<Sample>* out) const;

  // Has memory fetch what an append touches, while the caller makes sure that it wants this series.
  // Reads nothing of it, which would wait for the first line before asking for the others.
  void ExpectAppend() const {
    __builtin_prefetch(reinterpret_cast<const char*>(this) + 64, 1);
    __builtin_prefetch(label_bytes());
  }
  // REQUIRES: later than the newest.
  void Append(const Sample& sample, Origin origin) {
    if (head_size_ == head_.size()) MoveHead();
    head_[head_size_++] = sample;
    origin_ = origin;
  }
  // REQUIRES: not empty.
  void ReplaceNewest(const Sample& sample, Origin origin) {
    head_[head_size_ - 1] = sample;
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

  void MoveHead();

  std::unique_ptr<Watches> watches_;
  // Ascending, all before the head. One growing vector: a range is a binary search, and forgetting
  // cuts the front. Compressed chunks will replace it.
  std::vector<Sample> older_;
  std::uint32_t label_bytes_size_ : 28;
  Origin origin_ : 4;
  std::uint32_t spelling_;
  std::uint32_t head_size_ = 0;
  std::array<Sample, 5> head_;  // the newest ones, ascending; empty only where there is no sample
};
static_assert(sizeof(Series) == 128, "an append touches two cache lines of a series");

}  // namespace tocsin::evaluator
