// A batch in words, for expectations.
#pragma once

#include <string>
#include <vector>

#include "base/number.h"
#include "base/sample.h"

namespace tocsin::scrape {

// "a{x=\"1\"} 2", or "a{x=\"1\"} stale" for a marker, one item each, in batch order.
inline std::vector<std::string> ItemsOf(const SampleBatch& batch) {
  std::vector<std::string> items;
  for (const SampleBatch::Item& item : batch.items()) {
    const double value = item.sample.value;
    items.push_back(batch.labels(item).ToString() + " " +
                    (IsStaleNan(value) ? "stale" : FormatFloat(value)));
  }
  return items;
}

}  // namespace tocsin::scrape
