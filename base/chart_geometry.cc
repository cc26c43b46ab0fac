#include "base/chart_geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/number.h"

namespace tocsin {
namespace {

constexpr double kLargest = 1e300;
constexpr double kSmallest = 1e-300;
constexpr double kWantedSteps = 5;
// Of the span: the line does not touch the frame.
constexpr double kPadding = 0.03;
// Smaller differences than that are not worth a label of ten digits.
constexpr double kFinest = 1e-9;

// Of a number with a unit; with more it is written without.
constexpr int kMaxTickDecimals = 3;
constexpr int kFinestDecimals = 12;

constexpr std::size_t kMaxTimeTicks = 7;
// Prometheus takes a series that has been silent for so long for stale.
// https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness
constexpr Duration kLongestSilence = std::chrono::minutes(5);
constexpr int kSilentIntervals = 4;

// 1, 2, 2.5 or 5 times a power of ten, no smaller than `step`.
double NiceStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

struct AxisUnit {
  double size;
  const char* suffix;
};

AxisUnit UnitFor(double magnitude) {
  constexpr std::array<AxisUnit, 4> kUnits = {{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const AxisUnit& unit : kUnits) {
    // Four digits are read as fast as "1.2k".
    if (magnitude >= unit.size * (unit.size == 1e3 ? 10 : 1)) return unit;
  }
  return {1, ""};
}

bool NeedsExponent(double magnitude) {
  return magnitude >= 1e15 || (magnitude != 0 && magnitude < 1e-3);
}

// As many as it takes to write the step, and with it every tick, as it is.
int DecimalsOf(double step) {
  int decimals = 0;
  for (; decimals < kFinestDecimals; ++decimals, step *= 10) {
    if (std::abs(step - std::round(step)) < 1e-6 * step) break;
  }
  return decimals;
}

// What is seen of the samples in one column of pixels.
class Column {
 public:
  explicit Column(std::vector<LinePoint>* out) : out_(*out) {}

  void Add(const LinePoint& point) {
    const bool is_same = !points_.empty() && std::floor(point.x) == std::floor(points_[0].x);
    if (!is_same) Flush();
    if (points_.empty()) {
      points_ = {point, point, point, point};
      return;
    }
    if (point.y < points_[kHighest].y) points_[kHighest] = point;
    if (point.y > points_[kLowest].y) points_[kLowest] = point;
    points_[kLast] = point;
  }

  void Flush() {
    if (points_.empty()) return;
    const bool begins = points_[kFirst].begins;
    std::sort(points_.begin(), points_.end(),
              [](const LinePoint& a, const LinePoint& b) { return a.x < b.x; });
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (i > 0 && points_[i].x == points_[i - 1].x && points_[i].y == points_[i - 1].y) continue;
      out_.push_back({points_[i].x, points_[i].y, i == 0 && begins});
    }
    points_.clear();
  }

 private:
  enum : std::size_t { kFirst, kHighest, kLowest, kLast };
  std::vector<LinePoint>& out_;
  std::vector<LinePoint> points_;
};

// How long a series may be silent before its line is interrupted: it depends on how often it
// speaks.
Duration LongestSilence(const std::vector<Sample>& samples) {
  std::vector<Duration> intervals;
  const Sample* last = nullptr;
  for (const Sample& sample : samples) {
    if (std::isnan(sample.value)) continue;
    if (last != nullptr) intervals.push_back(sample.timestamp - last->timestamp);
    last = &sample;
  }
  if (intervals.empty()) return kLongestSilence;
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return std::max(kLongestSilence, kSilentIntervals * *middle);
}

}  // namespace

ValueAxis AxisFor(const std::vector<Sample>& samples, double threshold) {
  double low = std::clamp(threshold, -kLargest, kLargest);
  double high = low;
  for (const Sample& sample : samples) {
    if (!std::isfinite(sample.value)) continue;
    const double value = std::clamp(sample.value, -kLargest, kLargest);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (magnitude < kSmallest) return {-1, 1, 0.5};
  double span = high - low;
  if (span == 0) span = magnitude / 5;
  span = std::max(span, magnitude * kFinest);
  const double middle = low / 2 + high / 2;
  const bool is_positive = low >= 0;
  const bool is_negative = high <= 0;
  low = std::min(low, middle - span / 2) - kPadding * span;
  high = std::max(high, middle + span / 2) + kPadding * span;
  // Zero belongs to what is near to it, and nobody expects less of what never falls below.
  if (is_positive && low < span) low = 0;
  if (is_negative && high > -span) high = 0;
  ValueAxis axis;
  axis.step = NiceStep((high - low) / kWantedSteps);
  axis.low = std::floor(low / axis.step) * axis.step;
  axis.high = std::ceil(high / axis.step) * axis.step;
  return axis;
}

std::vector<double> TicksOf(const ValueAxis& axis) {
  std::vector<double> ticks;
  const auto steps = static_cast<int>(std::lround((axis.high - axis.low) / axis.step));
  for (int i = 0; i <= steps; ++i) ticks.push_back(axis.low + i * axis.step);
  return ticks;
}

std::string TickLabel(double tick, const ValueAxis& axis) {
  const double magnitude = std::max(std::abs(axis.low), std::abs(axis.high));
  if (std::abs(tick) < axis.step / 2) return "0";
  if (NeedsExponent(magnitude)) {
    const int digits = static_cast<int>(std::ceil(std::log10(magnitude / axis.step) - 1e-9)) + 2;
    return fmt::format("{:.{}g}", tick, digits);
  }
  AxisUnit unit = UnitFor(magnitude);
  if (DecimalsOf(axis.step / unit.size) > kMaxTickDecimals) unit = {1, ""};
  return fmt::format("{:.{}f}{}", tick / unit.size, DecimalsOf(axis.step / unit.size), unit.suffix);
}

std::string ShortNumber(double value) {
  if (!std::isfinite(value)) return FormatFloat(value);
  const double magnitude = std::abs(value);
  if (NeedsExponent(magnitude)) return fmt::format("{:.4g}", value);
  const AxisUnit unit = UnitFor(magnitude);
  return fmt::format("{:.4g}{}", value / unit.size, unit.suffix);
}

std::vector<Timestamp> TimeTicks(Timestamp from, Timestamp to) {
  using std::chrono::minutes;
  constexpr std::array<int, 12> kMinutes = {1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440};
  std::vector<Timestamp> ticks;
  if (to <= from) return ticks;
  Duration step = minutes(kMinutes.back());
  for (const int some : kMinutes) {
    if ((to - from) / Duration(minutes(some)) < static_cast<int>(kMaxTimeTicks)) {
      step = minutes(some);
      break;
    }
  }
  while ((to - from) / step >= static_cast<int>(kMaxTimeTicks)) step *= 2;
  const std::int64_t first = (ToUnixMillis(from) / step.count() + 1) * step.count();
  for (std::int64_t at = first; at <= ToUnixMillis(to); at += step.count()) {
    ticks.push_back(FromUnixMillis(at));
  }
  return ticks;
}

std::string ClockLabel(Timestamp t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(t - day));
  return fmt::format("{:02}:{:02}", time.hours().count(), time.minutes().count());
}

double RowOf(double value, const ValueAxis& axis, const PlotArea& area) {
  const double clamped = std::clamp(value, axis.low, axis.high);
  const double part = (clamped - axis.low) / (axis.high - axis.low);
  return area.bottom - part * (area.bottom - area.top);
}

double ColumnOf(Timestamp t, Timestamp from, Timestamp to, const PlotArea& area) {
  const double part =
      static_cast<double>((t - from).count()) / static_cast<double>((to - from).count());
  return area.left + part * (area.right - area.left);
}

std::vector<LinePoint> LineOf(const std::vector<Sample>& samples, Timestamp from, Timestamp to,
                              const ValueAxis& axis, const PlotArea& area) {
  std::vector<LinePoint> line;
  const Duration longest_silence = LongestSilence(samples);
  Column column(&line);
  bool is_interrupted = true;
  Timestamp last = from;
  for (const Sample& sample : samples) {
    if (sample.timestamp <= from || sample.timestamp > to) continue;
    if (std::isnan(sample.value)) {
      is_interrupted = true;
      continue;
    }
    const bool begins = is_interrupted || sample.timestamp - last > longest_silence;
    column.Add(
        {ColumnOf(sample.timestamp, from, to, area), RowOf(sample.value, axis, area), begins});
    is_interrupted = false;
    last = sample.timestamp;
  }
  column.Flush();
  return line;
}

}  // namespace tocsin
