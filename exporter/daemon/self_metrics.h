// Tocsin's own metrics as samples, so that rules can look at them (rules.d/self.yml): counters,
// gauges, and of histograms the sum and the count.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

#include "base/sample.h"

namespace tocsin::daemon {

// `instance` tells whose metrics they are; job is "tocsin".
SampleBatch CollectSelf(const std::vector<const prometheus::Collectable*>& sources,
                        const std::string& instance, Timestamp now);

}  // namespace tocsin::daemon
