#include "exporter/http/http_metrics.h"

#include <algorithm>

namespace tocsin::http {
namespace {

constexpr std::string_view kOther = "other";

// From an answer out of memory to one that waits for a disk or sends a whole page.
prometheus::Histogram::BucketBoundaries SecondsBuckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10};
}

std::string_view KnownMethod(std::string_view method) {
  constexpr std::array<std::string_view, 7> kKnown = {"GET",    "HEAD",  "POST",   "PUT",
                                                      "DELETE", "PATCH", "OPTIONS"};
  const auto found = std::find(kKnown.begin(), kKnown.end(), method);
  return found == kKnown.end() ? kOther : *found;
}

}  // namespace

HttpMetrics::HttpMetrics(MetricRegistry& registry, const Router& router)
    : requests_(CounterFamily(registry, "tocsin_http_requests_total",
                              "Requests answered, by route, method and status.")),
      seconds_(HistogramFamily(registry, "tocsin_http_request_duration_seconds",
                               "From the end of a request's head to the end of its answer.")),
      in_flight_(
          GaugeFamily(registry, "tocsin_http_requests_in_flight", "Requests under way.").Add({})),
      refused_connections_(CounterFamily(registry, "tocsin_http_connections_refused_total",
                                         "Connections closed because their address had too many.")
                               .Add({})) {
  no_route_.pattern = kOther;
  for (const Route* route : router.routes()) {
    auto of = std::make_unique<OfRoute>();
    of->pattern = route->pattern;
    of->method = route->method;
    routes_.emplace(route, std::move(of));
  }
}

void HttpMetrics::Observe(const Route* route, std::string_view method, int status, double seconds) {
  OfRoute& of = route == nullptr ? no_route_ : *routes_.at(route);
  Requests(of, method, status).Increment();
  Seconds(of).Observe(seconds);
}

prometheus::Counter& HttpMetrics::Requests(OfRoute& of, std::string_view method, int status) {
  const auto look_up = [&]() -> prometheus::Counter& {
    return requests_.Add({{"route", of.pattern},
                          {"method", std::string(KnownMethod(method))},
                          {"code", std::to_string(status)}});
  };
  const auto* const usual = std::find(kUsualStatuses.begin(), kUsualStatuses.end(), status);
  if (method != of.method || usual == kUsualStatuses.end()) return look_up();
  // Two threads may both look it up: they find the same counter.
  std::atomic<prometheus::Counter*>& slot =
      of.by_status.at(static_cast<std::size_t>(usual - kUsualStatuses.begin()));
  prometheus::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &look_up();
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

prometheus::Histogram& HttpMetrics::Seconds(OfRoute& of) {
  prometheus::Histogram* histogram = of.seconds.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    histogram = &seconds_.Add({{"route", of.pattern}}, SecondsBuckets());
    of.seconds.store(histogram, std::memory_order_release);
  }
  return *histogram;
}

}  // namespace tocsin::http
