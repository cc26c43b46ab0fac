// Writers of the text exposition formats: text 0.0.4 and OpenMetrics 1.0.0.
// https://prometheus.io/docs/instrumenting/exposition_formats/
// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// Appends a page: for each family HELP (where there is one), TYPE and its points, as they come.
// REQUIRES: families went through Arrange().
void WriteText(const std::vector<Family>& families, std::string* out);

// One family as it is, in its points' order: also for keeping one, since ParseFamilies reads it
// back.
void WriteTextFamily(const Family& family, std::string* out);

// Appends a page that ends in `# EOF`. Families that the stricter format has no place for are made
// to fit (exporter/exposition/openmetrics_model.h); returns how many points could not be.
// REQUIRES: families went through Arrange().
std::size_t WriteOpenMetrics(std::vector<Family> families, std::string* out);

}  // namespace tocsin::exposition
