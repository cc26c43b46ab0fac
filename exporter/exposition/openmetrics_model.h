// Makes families of the laxer text world fit into OpenMetrics, whose strict readers reject a whole
// page for one family that breaks its rules.
//
// - A counter's family is named without `_total`, its points with. One that is not named so, or
// whose
//   short name belongs to somebody else, becomes `unknown`.
// - Gauges named `<family>_created` join the counter, histogram or summary that they are about.
// - A family whose points do not have the shape of its type (a histogram whose buckets fall or
// whose
//   points are of several times, a counter below zero, ...) becomes one `unknown` family for each
//   name among its points.
// - Names that a family reserves (x_count of a histogram x) are its own: a second family of such a
//   name is dropped.
// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#metric-types
//
// A pure function; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// Family names become those of the format. Returns how many points were dropped.
// REQUIRES: families went through Arrange().
std::size_t FitOpenMetrics(std::vector<Family>* families);

}  // namespace tocsin::exposition
