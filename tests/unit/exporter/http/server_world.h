// A running server on a free port, with whatever routes a test adds.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/http/civetweb_server.h"
#include "tests/support/null_log.h"
#include "tests/unit/exporter/http/raw_client.h"

namespace tocsin::http {

// Of the route /hello below.
inline constexpr const char* kGetHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

class ServerWorld {
 public:
  ServerWorld() {
    options.listen_address = "127.0.0.1:0";
    options.workers = 4;
    options.spare_threads = 0;
    // Answers with what it got.
    Add("POST", "/echo", [](const Request& request) {
      Response response;
      response.body = request.body;
      return response;
    });
    Add("GET", "/hello", [](const Request&) {
      Response response;
      response.body = "hello\n";
      return response;
    });
  }

  void Add(const char* method, const char* pattern, Handler handler,
           ErrorStyle errors = ErrorStyle::kPlain, std::size_t max_body = 1 << 20) {
    router.Add({method, pattern, std::move(handler), max_body, errors});
  }
  void Start() {
    Result<std::unique_ptr<Server>> started =
        StartCivetwebServer(options, router, Logger(log, "web"), registry);
    ASSERT_TRUE(started.ok()) << started.message();
    server = std::move(*started);
  }
  RawClient Connect() const { return RawClient(server->port()); }
  // One request on a connection of its own.
  RawResponse Send(const std::string& bytes) const {
    RawClient client(server->port());
    client.Send(bytes);
    return client.Read();
  }

  // The value of a counter or gauge, or a histogram's count, of the one series that has these
  // labels; -1 where there is none.
  double Metric(const std::string& name,
                const std::vector<prometheus::ClientMetric::Label>& labels = {}) const {
    for (const prometheus::MetricFamily& family : registry.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        const bool fits = std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
          return std::any_of(metric.label.begin(), metric.label.end(), [&](const auto& label) {
            return label.name == wanted.name && label.value == wanted.value;
          });
        });
        if (!fits) continue;
        return metric.counter.value + metric.gauge.value +
               static_cast<double>(metric.histogram.sample_count);
      }
    }
    return -1;
  }

  ServerOptions options;
  Router router;
  testing::RecordingLogSink log;
  MetricRegistry registry;
  std::unique_ptr<Server> server;
};

}  // namespace tocsin::http
