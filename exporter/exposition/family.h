// Metric families as the exposition formats carry them: what parsers make and writers take.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"

namespace tocsin::exposition {

// One line of the text format: `name` is the sample's (with _bucket, _sum, _total ...); `le` and
// `quantile` stand among the labels. Labels are without __name__.
struct Point {
  std::string name;
  Labels labels;
  double value = 0;
  std::optional<std::int64_t> timestamp_ms;
  // Written with instance="" where it has no instance, so that a scraper with honor_labels does not
  // add its own to what was pushed.
  bool show_empty_instance = false;
};

// `metadata.name` is the family's name: of a counter as its TYPE line says it.
struct Family {
  FamilyMetadata metadata;
  std::vector<Point> points;
};

}  // namespace tocsin::exposition
