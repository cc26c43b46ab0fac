// Turns the page that a target answered with into samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/time.h"
#include "exporter/scrape/scrape_cache.h"

namespace tocsin::scrape {

// How the samples of a page are stored.
struct PageRules {
  LabelsView target_labels;
  bool honor_labels = false;
  bool honor_timestamps = true;
  std::uint64_t sample_limit = 0;  // 0: none
  Timestamp timestamp;             // of the scrape
};

struct PageReport {
  Status status;               // why the page as a whole is refused
  std::size_t samples = 0;     // on the page, as far as it could be read
  std::size_t duplicates = 0;  // left out: the same series had been there already
  std::size_t too_new = 0;     // left out: their own time lies too far ahead
  // What the items of the batch belong to, one by one. Valid until the cache's next page ends.
  std::vector<ScrapeCache::Series*> series;
};

// Text format 0.0.4. Begins a page in the cache, which the caller commits or fails; adds its
// samples to the batch, which holds no meaning where the status is an error. REQUIRES: an empty
// batch.
PageReport ReadPage(std::string_view page, const PageRules& rules, ScrapeCache* cache,
                    SampleBatch* batch);

}  // namespace tocsin::scrape
