// What stands in front of every route of `tocsin alertmanager`, as in Alertmanager: at most so many
// GETs at once, an end to waiting, and the measuring of both.
//
//   more GETs than get_concurrency -> 503 at once
//   no answer within the timeout   -> 503; the handler goes on, and counts until it has ended
//
// Outlives the routes, and what their handlers refer to outlives it. Handlers run on the server's
// workers; with a timeout, on threads of the gate's own, since nobody can be made to stop.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "base/time.h"
#include "base/worker_pool.h"
#include "exporter/http/http.h"

namespace tocsin::api {

struct AlertmanagerGateOptions {
  std::size_t get_concurrency = 0;  // 0: as many as there are processors, at least 8
  Duration timeout{0};              // 0: none
};

class AlertmanagerGate {
 public:
  AlertmanagerGate(AlertmanagerGateOptions options, MetricRegistry& metrics);

  // The route with the gate around its handler. `handler_label` is how metrics call it: its pattern
  // without the prefix.
  http::Route Guard(http::Route route, const std::string& handler_label);

  std::size_t get_concurrency() const { return get_concurrency_; }

 private:
  // The place of a GET among those that run.
  class Turn;
  struct Call;

  http::Handler Measured(http::Handler handler, const std::string& handler_label,
                         const std::string& method);
  http::Response RunInTime(const http::Handler& handler, const http::Request& request,
                           std::shared_ptr<Turn> turn);
  // Null where there are too many already.
  std::shared_ptr<Turn> TakeTurn();
  http::Response TooMany() const;
  http::Response TooLate() const;

  const std::size_t get_concurrency_;
  const Duration timeout_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  prometheus::Family<prometheus::Histogram>& bytes_;
  prometheus::Counter& refused_;
  prometheus::Gauge& in_flight_;
  std::atomic<std::size_t> turns_{0};  // taken, and those that are about to be refused
  std::optional<WorkerPool> pool_;     // last: its jobs use what stands before
};

}  // namespace tocsin::api
