// Thins the samples of one stream client out to the rate it asked for: of each series the newest
// one, when its time has come.
//
// A value of the stream thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "base/time.h"

namespace tocsin::api {

class SampleDecimator {
 public:
  static constexpr std::size_t kMostSeries = 10'000;

  explicit SampleDecimator(double max_rate)
      : interval_(static_cast<std::int64_t>(1000.0 / max_rate)) {}

  void Offer(const Labels& labels, Sample sample);
  // {"type":"samples","samples":[{"labels":{...},"timestamp":"...","value":1.5}]}: what is due, in
  // messages of some hundred. A value is null where the series has ended, and a text ("NaN",
  // "+Inf") where JSON has no number for it.
  std::vector<std::string> TakeDue(Timestamp now);

 private:
  struct OfSeries {
    std::optional<Sample> waiting;
    Timestamp due;  // not before
  };

  const Duration interval_;
  std::map<std::string, OfSeries, std::less<>> series_;  // by label bytes
};

}  // namespace tocsin::api
