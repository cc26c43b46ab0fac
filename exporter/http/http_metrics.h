// What the server tells about itself: requests by route, method and status, how long they took, how
// many are under way. Labels are bounded: routes are patterns, anything unknown is "other".
//
// Owned by the server; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/metrics.h"
#include "exporter/http/http.h"

namespace tocsin::http {

class HttpMetrics {
 public:
  HttpMetrics(MetricRegistry& registry, const Router& router);

  // `route` is null where none was found.
  void Observe(const Route* route, std::string_view method, int status, double seconds);
  prometheus::Gauge& in_flight() { return in_flight_; }
  prometheus::Counter& refused_connections() { return refused_connections_; }

 private:
  // Their counters are kept; there are hundreds of routes, so not for every status.
  static constexpr std::array<int, 10> kUsualStatuses = {200, 202, 204, 304, 400,
                                                         401, 404, 422, 429, 503};
  // The series of one route, looked up when first needed.
  struct OfRoute {
    std::string pattern;
    std::string method;  // the one whose counters are kept here
    std::array<std::atomic<prometheus::Counter*>, kUsualStatuses.size()> by_status{};
    std::atomic<prometheus::Histogram*> seconds{nullptr};
  };

  prometheus::Counter& Requests(OfRoute& of, std::string_view method, int status);
  prometheus::Histogram& Seconds(OfRoute& of);

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& refused_connections_;
  std::unordered_map<const Route*, std::unique_ptr<OfRoute>>
      routes_;  // constant after construction
  OfRoute no_route_;
};

}  // namespace tocsin::http
