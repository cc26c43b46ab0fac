#include "exporter/exposition/openmetrics_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/number.h"
#include "exporter/exposition/arrange.h"

namespace tocsin::exposition {
namespace {

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kCreated = "_created";
constexpr double kUnbounded = std::numeric_limits<double>::infinity();

bool AllNamedAsFamily(const Family& family) {
  return std::all_of(family.points.begin(), family.points.end(),
                     [&](const Point& point) { return point.name == family.metadata.name; });
}

// Counters, counts and sums may be neither negative nor NaN.
bool IsCounterValue(double v) { return v >= 0; }
bool IsCount(double v) { return v >= 0 && v == std::trunc(v) && !std::isinf(v); }

bool IsCounterShaped(const Family& family) {
  return family.metadata.name.ends_with(kTotal) && family.metadata.name.size() > kTotal.size() &&
         AllNamedAsFamily(family) &&
         std::all_of(family.points.begin(), family.points.end(),
                     [](const Point& point) { return IsCounterValue(point.value); });
}

// Calls `check` with each run of points that make one histogram or summary, while it says true.
template <typename Check>
bool EachMetric(const Family& family, Check check) {
  const std::string_view boundary = BoundaryLabel(family.metadata.type);
  const std::vector<Point>& points = family.points;
  for (std::size_t begin = 0; begin < points.size();) {
    std::size_t end = begin + 1;
    while (end < points.size() &&
           CompareWithout(points[begin].labels, points[end].labels, boundary) == 0) {
      ++end;
    }
    if (!check(points.data() + begin, points.data() + end)) return false;
    begin = end;
  }
  return true;
}

// Readers take one time for all points of a histogram or summary.
bool HaveOneTime(const Point* begin, const Point* end) {
  return std::all_of(begin, end,
                     [&](const Point& point) { return point.timestamp_ms == begin->timestamp_ms; });
}

// Buckets rise to `+Inf`, whose value is the count; sum and count come together or not at all.
bool IsOneHistogram(const Family& family, const Point* begin, const Point* end) {
  double bound = -kUnbounded;
  double value = 0;
  bool negative_buckets = false;
  bool has_sum = false;
  bool has_count = false;
  for (const Point* point = begin; point != end; ++point) {
    if (IsNamed(*point, family, "_bucket")) {
      const std::optional<double> next = ParseFloat(point->labels.Get("le"));
      if (!next || !(*next > bound) || !IsCount(point->value) || point->value < value) return false;
      bound = *next;
      value = point->value;
      negative_buckets |= bound < 0;
      continue;
    }
    if (point->labels.Has("le")) return false;
    if (IsNamed(*point, family, "_sum")) {
      has_sum = true;
      if (negative_buckets || !IsCounterValue(point->value)) return false;
    } else {
      has_count = true;
      if (!IsNamed(*point, family, "_count") || point->value != value) return false;
    }
  }
  return bound == kUnbounded && has_sum == has_count;
}

bool IsOneSummary(const Family& family, const Point* begin, const Point* end) {
  return std::all_of(begin, end, [&](const Point& point) {
    const std::string_view quantile = point.labels.Get("quantile");
    if (IsNamed(point, family, "_sum")) return quantile.empty() && IsCounterValue(point.value);
    if (IsNamed(point, family, "_count")) return quantile.empty() && IsCount(point.value);
    const std::optional<double> rank = ParseFloat(quantile);
    return IsNamed(point, family, "") && rank && *rank >= 0 && *rank <= 1 && !(point.value < 0);
  });
}

bool FitsItsType(const Family& family) {
  switch (family.metadata.type) {
    case MetricType::kUnknown:
    case MetricType::kGauge:
      return AllNamedAsFamily(family);
    case MetricType::kCounter:
      return IsCounterShaped(family);
    case MetricType::kHistogram:
      return EachMetric(family, [&](const Point* begin, const Point* end) {
        return HaveOneTime(begin, end) && IsOneHistogram(family, begin, end);
      });
    case MetricType::kSummary:
      return EachMetric(family, [&](const Point* begin, const Point* end) {
        return HaveOneTime(begin, end) && IsOneSummary(family, begin, end);
      });
    // No text that Tocsin reads has these types: whoever makes them gets them as unknown.
    case MetricType::kGaugeHistogram:
    case MetricType::kInfo:
    case MetricType::kStateSet:
      return false;
  }
  return false;
}

// One family of type unknown for each name among the points.
std::vector<Family> AsUnknown(Family family) {
  std::map<std::string, Family> by_name;
  for (Point& point : family.points) {
    Family& single = by_name[point.name];
    single.points.push_back(std::move(point));
  }
  std::vector<Family> singles;
  for (auto& [name, single] : by_name) {
    single.metadata.name = name;
    single.metadata.help = family.metadata.help;
    // Buckets and quantiles were sorted by number; without a meaning they are labels like others.
    std::stable_sort(single.points.begin(), single.points.end(),
                     [](const Point& a, const Point& b) { return a.labels < b.labels; });
    singles.push_back(std::move(single));
  }
  return singles;
}

// What a family of a type keeps for itself beside its bare name.
std::vector<std::string_view> ReservedEndings(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return {kTotal, kCreated};
    case MetricType::kHistogram:
      return {"_bucket", "_sum", "_count", kCreated};
    case MetricType::kSummary:
      return {"_sum", "_count", kCreated};
    default:
      return {};
  }
}

class Fitter {
 public:
  explicit Fitter(std::vector<Family> families) : families_(std::move(families)) {
    for (const Family& family : families_) taken_.insert(family.metadata.name);
  }

  std::vector<Family> Fit() {
    std::vector<Family> created;
    for (Family& family : families_) {
      const bool is_created = family.metadata.name.ends_with(kCreated) && AllNamedAsFamily(family);
      is_created ? created.push_back(std::move(family)) : FitOne(std::move(family));
    }
    for (Family& family : created) {
      Family* const subject = SubjectOf(family);
      subject != nullptr ? Join(std::move(family), subject) : FitOne(std::move(family));
    }
    DropClashes();
    return std::move(fitted_);
  }

  std::size_t dropped() const { return dropped_; }

 private:
  void FitOne(Family family) {
    std::string& name = family.metadata.name;
    const std::string_view short_name =
        std::string_view(name).substr(0, name.size() - std::min(name.size(), kTotal.size()));
    const bool is_counter = family.metadata.type == MetricType::kCounter;
    if (!FitsItsType(family) || (is_counter && taken_.count(std::string(short_name)) > 0)) {
      for (Family& single : AsUnknown(std::move(family))) Keep(std::move(single));
      return;
    }
    if (is_counter) name = std::string(short_name);
    Keep(std::move(family));
  }

  void Keep(Family family) {
    by_name_[family.metadata.name] = fitted_.size();
    fitted_.push_back(std::move(family));
  }

  // The family whose creation times these are.
  Family* SubjectOf(const Family& created) {
    const std::string& name = created.metadata.name;
    const auto found = by_name_.find(name.substr(0, name.size() - kCreated.size()));
    if (found == by_name_.end()) return nullptr;
    Family& subject = fitted_[found->second];
    return ReservedEndings(subject.metadata.type).empty() ? nullptr : &subject;
  }

  // Each creation time goes behind the last point of its metric.
  void Join(Family created, Family* subject) {
    const std::string_view boundary = BoundaryLabel(subject->metadata.type);
    const auto less = [boundary](LabelsView a, LabelsView b) {
      return CompareWithout(a, b, boundary) < 0;
    };
    std::map<LabelsView, Point*, decltype(less)> times(less);
    for (Point& point : created.points) {
      if (boundary.empty() || !point.labels.Has(boundary)) times.emplace(point.labels, &point);
    }

    std::vector<Point> joined;
    std::size_t used = 0;
    EachMetric(*subject, [&](const Point* begin, const Point* end) {
      joined.insert(joined.end(), begin, end);
      if (const auto time = times.find(begin->labels); time != times.end()) {
        joined.push_back(*time->second);
        joined.back().timestamp_ms = begin->timestamp_ms;
        ++used;
      }
      return true;
    });
    subject->points = std::move(joined);
    dropped_ += created.points.size() - used;
  }

  void DropClashes() {
    std::sort(fitted_.begin(), fitted_.end(),
              [](const Family& a, const Family& b) { return a.metadata.name < b.metadata.name; });
    std::unordered_set<std::string> reserved;
    std::erase_if(fitted_, [&](const Family& family) {
      const std::string& name = family.metadata.name;
      std::vector<std::string> names = {name};
      for (std::string_view ending : ReservedEndings(family.metadata.type)) {
        names.push_back(name + std::string(ending));
      }
      const bool clashes = std::any_of(names.begin(), names.end(),
                                       [&](const std::string& n) { return reserved.count(n) > 0; });
      if (clashes) {
        dropped_ += family.points.size();
      } else {
        reserved.insert(names.begin(), names.end());
      }
      return clashes;
    });
  }

  std::vector<Family> families_;
  std::unordered_set<std::string> taken_;
  std::vector<Family> fitted_;
  std::unordered_map<std::string, std::size_t> by_name_;  // into fitted_, until it is sorted
  std::size_t dropped_ = 0;
};

}  // namespace

std::size_t FitOpenMetrics(std::vector<Family>* families) {
  Fitter fitter(std::move(*families));
  *families = fitter.Fit();
  return fitter.dropped();
}

}  // namespace tocsin::exposition
