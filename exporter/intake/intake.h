// An intake turns a request body of one protocol into a SampleBatch, hands it to the SampleSink and
// maps the report to the protocol's answer. Each protocol has one line in intake_list.h, which
// names the function that makes its intake. Authentication, size limits, decompression and
// instrumentation happen around it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sample.h"
#include "base/state_store.h"
#include "exporter/http/http.h"

namespace tocsin::intake {

// Asked once an intake knows how many samples a request carries, and before it takes them: the
// answer to a client that may not send so many now. Any thread; null: everybody may.
using Admission = std::function<std::optional<http::Response>(
    const http::Request& request, std::size_t samples, http::ErrorStyle errors)>;

// Timestamps from so long ago to so far ahead are taken of whoever stamps its samples itself.
struct TimestampWindow {
  Duration past{std::chrono::hours(1)};
  Duration future{std::chrono::minutes(5)};
};

// What an intake may use. Everything synchronises itself and outlives the intakes.
struct Context {
  SampleSink& sink;
  StateStore& store;
  const Clock& clock;
  Logger log;
  MetricRegistry& metrics;
  Admission admission = {};
  // As it is now; any thread. Empty: the usual one.
  std::function<TimestampWindow()> window = {};
};

class PushStore;

class Intake {
 public:
  virtual ~Intake() = default;
  // The routes it answers. Handlers run on web workers, several at once.
  virtual std::vector<http::Route> Routes() = 0;
};

}  // namespace tocsin::intake
