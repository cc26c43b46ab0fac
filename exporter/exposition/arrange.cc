#include "exporter/exposition/arrange.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/number.h"

namespace tocsin::exposition {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A point's place among those of one histogram or summary.
struct Place {
  int rank = 0;
  double bound = 0;
};

Place PlaceOf(const Point& point, const Family& family, std::string_view boundary) {
  if (boundary.empty()) return {};
  if (IsNamed(point, family, "_sum")) return {1, 0};
  if (IsNamed(point, family, "_count")) return {2, 0};
  if (IsNamed(point, family, "_created")) return {3, 0};
  // What is no number comes last: a NaN would have no place in any order.
  const std::optional<double> bound = ParseFloat(point.labels.Get(boundary));
  return {0, bound && !std::isnan(*bound) ? *bound : kInfinity};
}

bool SameSeries(const Point& a, const Point& b) { return a.labels == b.labels && a.name == b.name; }

std::size_t DropDuplicates(std::vector<Point>* points) {
  const std::size_t before = points->size();
  points->erase(std::unique(points->begin(), points->end(), SameSeries), points->end());
  return before - points->size();
}

void SortPlainPoints(std::vector<Point>* points) {
  const auto less = [](const Point& a, const Point& b) {
    if (const auto order = a.labels <=> b.labels; order != 0) return order < 0;
    return a.name < b.name;
  };
  // Most sources hand over what is sorted already.
  if (!std::is_sorted(points->begin(), points->end(), less)) {
    std::stable_sort(points->begin(), points->end(), less);
  }
}

void SortBoundedPoints(Family* family, std::string_view boundary) {
  struct Placed {
    Place place;
    Point point;
  };
  std::vector<Placed> placed;
  placed.reserve(family->points.size());
  for (Point& point : family->points) {
    const Place place = PlaceOf(point, *family, boundary);
    placed.push_back({place, std::move(point)});
  }
  const auto less = [boundary](const Placed& a, const Placed& b) {
    if (const auto order = CompareWithout(a.point.labels, b.point.labels, boundary); order != 0) {
      return order < 0;
    }
    if (a.place.rank != b.place.rank) return a.place.rank < b.place.rank;
    if (a.place.bound != b.place.bound) return a.place.bound < b.place.bound;
    if (const auto order = a.point.labels <=> b.point.labels; order != 0) return order < 0;
    return a.point.name < b.point.name;
  };
  std::stable_sort(placed.begin(), placed.end(), less);
  for (std::size_t i = 0; i < placed.size(); ++i) family->points[i] = std::move(placed[i].point);
}

// What is known of one histogram of a family: the points that share all labels but `le`.
struct Histogram {
  double highest_bound = -kInfinity;
  std::optional<double> highest_bucket;
  std::optional<double> count;
};

}  // namespace

std::string_view BoundaryLabel(MetricType type) {
  if (type == MetricType::kHistogram || type == MetricType::kGaugeHistogram) return "le";
  return type == MetricType::kSummary ? "quantile" : "";
}

bool IsNamed(const Point& point, const Family& family, std::string_view ending) {
  const std::string& base = family.metadata.name;
  return point.name.size() == base.size() + ending.size() && point.name.starts_with(base) &&
         point.name.ends_with(ending);
}

std::weak_ordering CompareWithout(LabelsView a, LabelsView b, std::string_view ignored) {
  if (ignored.empty()) return a <=> b;
  auto i = a.begin();
  auto j = b.begin();
  while (true) {
    if (i != a.end() && i->name == ignored) ++i;
    if (j != b.end() && j->name == ignored) ++j;
    if (i == a.end() || j == b.end()) return (i != a.end()) <=> (j != b.end());
    if (const auto order = i->name <=> j->name; order != 0) return order;
    if (const auto order = i->value <=> j->value; order != 0) return order;
    ++i;
    ++j;
  }
}

void AddMissingInfBuckets(Family* family) {
  if (family->metadata.type != MetricType::kHistogram) return;
  const auto less = [](LabelsView a, LabelsView b) { return CompareWithout(a, b, "le") < 0; };
  std::map<LabelsView, Histogram, decltype(less)> histograms(less);
  for (const Point& point : family->points) {
    Histogram& histogram = histograms[point.labels];
    if (IsNamed(point, *family, "_count")) histogram.count = point.value;
    if (!IsNamed(point, *family, "_bucket")) continue;
    const std::optional<double> bound = ParseFloat(point.labels.Get("le"));
    if (!bound || std::isnan(*bound)) continue;
    if (!histogram.highest_bucket || *bound > histogram.highest_bound) {
      histogram.highest_bound = *bound;
      histogram.highest_bucket = point.value;
    }
  }
  std::vector<Point> missing;
  for (const auto& [labels, histogram] : histograms) {
    const std::optional<double> total =
        histogram.count ? histogram.count : histogram.highest_bucket;
    if (histogram.highest_bound == kInfinity || !total) continue;
    LabelsBuilder builder(labels);
    builder.Set("le", "+Inf");
    Point point;
    point.name = family->metadata.name + "_bucket";
    point.labels = builder.Build();
    point.value = *total;
    missing.push_back(std::move(point));
  }
  // The keys of the map borrow from the points: they may move only now.
  for (Point& point : missing) {
    point.show_empty_instance = family->points.front().show_empty_instance;
    family->points.push_back(std::move(point));
  }
}

std::size_t Arrange(std::vector<Family>* families) {
  std::erase_if(*families, [](const Family& family) { return family.points.empty(); });
  std::sort(families->begin(), families->end(),
            [](const Family& a, const Family& b) { return a.metadata.name < b.metadata.name; });
  std::size_t dropped = 0;
  for (Family& family : *families) {
    AddMissingInfBuckets(&family);
    const std::string_view boundary = BoundaryLabel(family.metadata.type);
    if (boundary.empty()) {
      SortPlainPoints(&family.points);
    } else {
      SortBoundedPoints(&family, boundary);
    }
    dropped += DropDuplicates(&family.points);
  }
  return dropped;
}

}  // namespace tocsin::exposition
