#include "evaluator/series/series.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tocsin::evaluator {
namespace {

std::unique_ptr<const char[]> CopyBytes(std::string_view bytes) {
  CHECK(bytes.size() < (std::size_t{1} << 28));  // intakes allow far less
  auto copy = std::make_unique<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return copy;
}

}  // namespace

Series::Series(LabelsView labels, std::uint32_t spelling, Origin origin)
    : label_bytes_(CopyBytes(labels.bytes())),
      label_bytes_size_(static_cast<std::uint32_t>(labels.bytes().size()) & 0xfffffffU),
      origin_(origin),
      spelling_(spelling) {}

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
