// GET /metrics: Tocsin's own metrics, the alerts of its rules, pushed groups, and the series of the
// host and of JSON submissions, on one page.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <vector>

#include "base/alert.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/querier.h"
#include "exporter/http/http.h"
#include "exporter/intake/push_store.h"

namespace tocsin::daemon {

// Where the page comes from; everything outlives the route. In this order: where two sources
// contradict each other, the first is believed.
struct MetricsPage {
  std::vector<const prometheus::Collectable*> own;
  std::function<std::vector<AlertPtr>()> alerts;  // pending, firing and acknowledged; any thread
  const intake::PushStore& pushed;
  const Querier& series;
  const Clock& clock;
  std::function<Duration()> staleness;  // older values are not shown; any thread
  MetricRegistry& metrics;              // counts what is left out
};

http::Route MetricsRoute(MetricsPage page);

}  // namespace tocsin::daemon
