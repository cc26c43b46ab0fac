// Series of the store, as families of the exposition formats.
#pragma once

#include <vector>

#include "base/querier.h"
#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// What /metrics repeats of the store: the newest value of each series that our own collectors or a
// JSON submission brought and that is not stale. Scraped series are their target's to show, pushed
// ones are shown by their groups. Any thread.
std::vector<Family> LatestFamilies(const Querier& querier, Timestamp not_before);

}  // namespace tocsin::exposition
