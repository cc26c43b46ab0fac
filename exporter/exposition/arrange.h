// Brings families into the order in which they are written. Pure functions; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <string_view>
#include <vector>

#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// Families by name; their points by labels, so that pages differ only where values do, and compress
// well. What belongs to one histogram or summary (same labels but for `le` or `quantile`) stays
// together: buckets or quantiles ascending, then sum, count and creation time.
//
// A histogram without a `+Inf` bucket gets it (its count, else its highest bucket), and of points
// with the same name and labels only the first is kept. Returns how many were dropped for that.
// Families without points are removed. REQUIRES: no two families have one name.
std::size_t Arrange(std::vector<Family>* families);

// The part about `+Inf` alone. Does nothing to other types.
void AddMissingInfBuckets(Family* family);

// The label by which the points of one histogram or summary differ; empty for other types.
std::string_view BoundaryLabel(MetricType type);

// The order of labels, as if neither set had `ignored`.
std::weak_ordering CompareWithout(LabelsView a, LabelsView b, std::string_view ignored);

// Whether the point is named as its family with this ending.
bool IsNamed(const Point& point, const Family& family, std::string_view ending);

}  // namespace tocsin::exposition
