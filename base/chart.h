// A small picture of a series and its threshold, for messages about an alert: what happened in the
// last hour, in a glance, on a light ground of its own that reads well in light and dark mail.
//
// A pure function of what it is given: the same input makes the same bytes, on machines with the
// same fonts. Any thread; one at a time for one CairoLibrary.
#pragma once

#include <string>
#include <vector>

#include "base/cairo_library.h"
#include "base/chart_geometry.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/threshold_rule.h"
#include "base/time.h"

namespace tocsin {

inline constexpr int kChartWidth = 600;
inline constexpr int kChartHeight = 240;

struct ChartSpec {
  std::string title;  // whatever anybody wrote: cleaned, and cut to its line
  std::string subtitle;
  std::vector<Sample> samples;  // ascending; a NaN, such as a stale marker, interrupts the line
  Timestamp from;
  Timestamp to;
  double threshold = 0;
  Condition condition = Condition::kGreater;
  Severity severity = Severity::kMedium;  // gives what violates the threshold its colour
};

// 0xRRGGBB, dark enough for a light ground.
std::uint32_t ChartColor(Severity severity);
inline constexpr std::uint32_t kChartLineColor = 0x4f6d8f;  // of what does not violate
inline constexpr std::uint32_t kChartGround = 0xffffff;

// PNG. REQUIRES: from < to.
Result<std::string> DrawChart(const CairoLibrary& cairo, const ChartSpec& spec);

}  // namespace tocsin
