#include "exporter/exposition/series_families.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "exporter/exposition/arrange.h"

namespace tocsin::exposition {
namespace {

constexpr std::array<std::string_view, 3> kHistogramEndings = {"_bucket", "_sum", "_count"};

// A sample's family: of its own name, or the histogram or summary whose part the name says it is.
FamilyMetadata MetadataOf(std::string_view name, const Querier& querier) {
  if (std::optional<FamilyMetadata> own = querier.Metadata(name)) return *std::move(own);
  for (std::string_view ending : kHistogramEndings) {
    if (!name.ends_with(ending)) continue;
    std::optional<FamilyMetadata> whole =
        querier.Metadata(name.substr(0, name.size() - ending.size()));
    if (whole && !BoundaryLabel(whole->type).empty()) return *std::move(whole);
  }
  FamilyMetadata unknown;
  unknown.name = name;
  return unknown;
}

class FamilyTable {
 public:
  explicit FamilyTable(const Querier& querier) : querier_(querier) {}

  void Add(const SeriesSamples& series) {
    Point point;
    point.name = series.labels.metric_name();
    point.labels = LabelsBuilder(series.labels).Remove(kMetricNameLabel).Build();
    point.value = series.samples.back().value;
    FamilyOf(point.name).points.push_back(std::move(point));
  }
  std::vector<Family> Take() { return std::move(families_); }

 private:
  Family& FamilyOf(const std::string& name) {
    const auto known = by_sample_.find(name);
    if (known != by_sample_.end()) return families_[known->second];
    FamilyMetadata metadata = MetadataOf(name, querier_);
    const auto [at, is_new] = by_family_.emplace(metadata.name, families_.size());
    by_sample_.emplace(name, at->second);
    if (is_new) families_.push_back({std::move(metadata), {}});
    return families_[at->second];
  }

  const Querier& querier_;
  std::vector<Family> families_;
  std::unordered_map<std::string, std::size_t> by_sample_;
  std::unordered_map<std::string, std::size_t> by_family_;
};

}  // namespace

std::vector<Family> LatestFamilies(const Querier& querier, Timestamp not_before) {
  FamilyTable table(querier);
  for (const SeriesSamples& series : querier.Latest({}, not_before)) {
    const bool ours = series.origin == Origin::kHost || series.origin == Origin::kJson;
    if (ours && !series.samples.empty()) table.Add(series);
  }
  return table.Take();
}

}  // namespace tocsin::exposition
