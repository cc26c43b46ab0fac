#include "evaluator/series/series.h"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace tocsin::evaluator {

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

void Series::Trim(Timestamp oldest) {
  samples_.erase(samples_.begin(), FirstAfter(samples_, oldest));
}

void Series::SetWatches(Watches watches) {
  watches_ = watches.empty() ? nullptr : std::make_unique<Watches>(std::move(watches));
}

std::vector<Sample>::const_iterator FirstAfter(const std::vector<Sample>& samples, Timestamp t) {
  return std::upper_bound(samples.begin(), samples.end(), t,
                          [](Timestamp at, const Sample& s) { return at < s.timestamp; });
}

}  // namespace tocsin::evaluator
