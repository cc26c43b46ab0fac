#include "evaluator/series/series.h"

#include <algorithm>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace tocsin::evaluator {
namespace {

// REQUIRES: ascending.
std::span<const Sample>::iterator FirstAfter(std::span<const Sample> samples, Timestamp t) {
  return std::upper_bound(samples.begin(), samples.end(), t,
                          [](Timestamp at, const Sample& s) { return at < s.timestamp; });
}

}  // namespace

Series::Pointer Series::Make(LabelsView labels, std::uint32_t spelling, Origin origin) {
  const std::string_view bytes = labels.bytes();
  CHECK(bytes.size() < (std::size_t{1} << 28));  // intakes allow far less
  void* const memory =
      ::operator new(sizeof(Series) + bytes.size(), std::align_val_t(alignof(Series)));
  std::copy(bytes.begin(), bytes.end(), static_cast<char*>(memory) + sizeof(Series));
  return Pointer(new (memory) Series(bytes.size(), spelling, origin));
}

Series::Series(std::size_t label_bytes_size, std::uint32_t spelling, Origin origin)
    : label_bytes_size_(static_cast<std::uint32_t>(label_bytes_size) & 0xfffffffU),
      origin_(origin),
      spelling_(spelling) {}

void Series::Delete::operator()(Series* series) const {
  series->~Series();
  ::operator delete(series, std::align_val_t(alignof(Series)));
}

void Series::MoveHead() {
  older_.insert(older_.end(), head_.begin(), head_.end());
  head_size_ = 0;
}

void Series::CopyRange(Timestamp from, Timestamp to, std::vector<Sample>* out) const {
  const auto copy = [&](std::span<const Sample> samples) {
    out->insert(out->end(), FirstAfter(samples, from), FirstAfter(samples, to));
  };
  copy(older_);
  copy({head_.data(), head_size_});
}

void Series::Trim(Timestamp oldest) {
  const auto keep_older = FirstAfter(older_, oldest) - std::span<const Sample>(older_).begin();
  older_.erase(older_.begin(), older_.begin() + keep_older);
  const std::span<const Sample> head(head_.data(), head_size_);
  const auto keep_head = FirstAfter(head, oldest) - head.begin();
  std::copy(head.begin() + keep_head, head.end(), head_.begin());
  head_size_ -= static_cast<std::uint32_t>(keep_head);
}

void Series::SetWatches(Watches watches) {
  watches_ = watches.empty() ? nullptr : std::make_unique<Watches>(std::move(watches));
}

}  // namespace tocsin::evaluator
