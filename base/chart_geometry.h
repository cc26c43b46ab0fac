// Where things stand in a chart: the value axis with its ticks, the time axis, and the line of a
// series in pixels. Pure functions; nothing of them draws.
//
// The work is bounded: of all samples that fall into one column of pixels, the first, the lowest,
// the highest and the last are kept, which looks the same as drawing them all.
#pragma once

#include <string>
#include <vector>

#include "base/sample.h"
#include "base/time.h"

namespace tocsin {

// From `low` to `high`, both multiples of `step`.
struct ValueAxis {
  double low = 0;
  double high = 1;
  double step = 1;
};

// Room for every finite sample and the threshold. Values beyond 1e300 count as that: differences
// stay finite.
ValueAxis AxisFor(const std::vector<Sample>& samples, double threshold);
std::vector<double> TicksOf(const ValueAxis& axis);
// A tick's label: "80", "2.5k", "1e-05"; all of an axis in the same unit.
std::string TickLabel(double tick, const ValueAxis& axis);
// Four digits at most: "93.25", "1.234M", "NaN".
std::string ShortNumber(double value);

// At whole minutes, hours or days of UTC, seven at most.
std::vector<Timestamp> TimeTicks(Timestamp from, Timestamp to);
std::string ClockLabel(Timestamp t);  // "15:04"

// The part of a picture where the line is, in pixels; y grows downwards.
struct PlotArea {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

// Within the area, whatever the value.
double RowOf(double value, const ValueAxis& axis, const PlotArea& area);
double ColumnOf(Timestamp t, Timestamp from, Timestamp to, const PlotArea& area);

struct LinePoint {
  double x = 0;
  double y = 0;
  bool begins = false;  // nothing is drawn from the point before to this one
};

// Of the samples with from < timestamp <= to. A NaN of any kind, and a silence much longer than the
// series is used to, interrupts the line.
std::vector<LinePoint> LineOf(const std::vector<Sample>& samples, Timestamp from, Timestamp to,
                              const ValueAxis& axis, const PlotArea& area);

}  // namespace tocsin
