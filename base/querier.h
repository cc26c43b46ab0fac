// Reading series: what the series store offers to rules, APIs and the exposition page.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/sample.h"
#include "base/time.h"

namespace tocsin {

struct SeriesSamples {
  Labels labels;
  Origin origin = Origin::kJson;
  std::vector<Sample> samples;  // ascending; stale markers included
};

// Any thread may call; answers are copies.
class Querier {
 public:
  virtual ~Querier() = default;
  // Samples with from < timestamp <= to of every series that all matchers select, ordered by
  // labels. No matcher selects everything.
  virtual std::vector<SeriesSamples> Select(const std::vector<Matcher>& matchers, Timestamp from,
                                            Timestamp to) const = 0;
  // The newest sample of each series that ends in neither a stale marker nor before `not_before`.
  virtual std::vector<SeriesSamples> Latest(const std::vector<Matcher>& matchers,
                                            Timestamp not_before) const = 0;
  virtual std::optional<FamilyMetadata> Metadata(std::string_view family) const = 0;
};

}  // namespace tocsin
