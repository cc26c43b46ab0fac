// Tocsin's own metrics, as families of the exposition formats.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// Any thread. Histograms and summaries become the points that the text formats show.
std::vector<Family> CollectFamilies(const prometheus::Collectable& collectable);

}  // namespace tocsin::exposition
