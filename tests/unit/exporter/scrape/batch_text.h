// A batch in words, for expectations, and the time at which it is made.
#pragma once

#include <string>
#include <vector>

#include "base/number.h"
#include "base/sample.h"

namespace tocsin::scrape {

inline constexpr Timestamp kNow = Timestamp(Duration(1'700'000'000'000));

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
