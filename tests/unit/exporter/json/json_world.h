// The JSON intake with everything around it faked: requests go in as a web worker would hand them
// over.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exporter/intake/json_metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"

namespace tocsin::intake {

class JsonWorld {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit JsonWorld(JsonMetricsLimits limits = {})
      : context{sink,
                state,
                clock,
                Logger(log, "test"),
                registry,
                LimitSamples(),
                [this] { return window; }},
        intake(context, limits) {}

  TimestampWindow window;

  // What clients may send at once, and how many samples each request was found to have.
  std::size_t most_samples = 1'000'000;
  std::vector<std::size_t> asked;
  Mutex asking;  // requests may come from several threads
  intake::Admission LimitSamples() {
    return [this](const http::Request&, std::size_t samples,
                  http::ErrorStyle errors) -> std::optional<http::Response> {
      {
        MutexLock lock(asking);
        asked.push_back(samples);
      }
      if (samples <= most_samples) return std::nullopt;
      return http::ErrorResponse(429, errors, "Rate limit exceeded");
    };
  }

  http::Response One(const std::string& body, Headers headers = {}) {
    return Send("/api/v1/alerting/metrics", body, std::move(headers));
  }
  http::Response Batch(const std::string& body, Headers headers = {}) {
    return Send("/api/v1/alerting/metrics/batch", body, std::move(headers));
  }
  http::Response Send(const std::string& pattern, const std::string& body, Headers headers = {}) {
    http::Request request;
    request.method = "POST";
    request.headers = std::move(headers);
    request.body.reserve(body.size() + http::kBodyPadding);
    request.body = body;
    for (const http::Route& route : intake.Routes()) {
      if (route.pattern == pattern) return route.handler(request);
    }
    ADD_FAILURE() << "no route " << pattern;
    return {};
  }

  // Everything stored, as `a{x="1"} 2`, in the order it came.
  std::vector<std::string> Stored() const {
    std::vector<std::string> lines;
    for (const auto& appended : sink.appended()) {
      lines.push_back(appended.labels.ToString() + " " + FormatFloat(appended.sample.value));
    }
    return lines;
  }
  double Counter(const std::string& name, const std::string& label_value) const {
    for (const prometheus::MetricFamily& family : registry.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        if (metric.label.at(0).value == label_value) return metric.counter.value;
      }
    }
    return -1;
  }
  double Received() const { return Counter("alerting_metrics_received_total", "json"); }
  double Rejected(const std::string& reason) const {
    return Counter("alerting_metrics_rejected_total", reason);
  }

  testing::RecordingSampleSink sink;
  testing::MemoryStateStore state;
  testing::FakeClock clock;
  testing::RecordingLogSink log;
  MetricRegistry registry;
  Context context;
  JsonMetricsIntake intake;
};

inline nlohmann::json Parsed(const http::Response& response) {
  return nlohmann::json::parse(response.body);
}

}  // namespace tocsin::intake
