// A push intake with everything around it faked: requests go in as a web worker would hand them
// over.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/text.h"
#include "exporter/exposition/arrange.h"
#include "exporter/exposition/writer.h"
#include "exporter/intake/push.h"
#include "exporter/intake/push_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/recording_sample_sink.h"

namespace tocsin::intake {

class PushWorld {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit PushWorld(testing::MemoryStateStore::Tables tables = {}, bool commit_at_once = true,
                     PushLimits limits = {})
      : state(commit_at_once, std::move(tables)),
        context{sink, state, clock, Logger(log, "test"), registry, LimitSamples()},
        own(GaugeFamily(registry, "own_gauge", "One of Tocsin's own.").Add({{"x", "1"}})),
        store(context, limits),
        intake(context, store) {}

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

  http::Response Put(const std::string& path, const std::string& body, Headers headers = {}) {
    return Send("PUT", path, body, std::move(headers));
  }
  http::Response Post(const std::string& path, const std::string& body, Headers headers = {}) {
    return Send("POST", path, body, std::move(headers));
  }
  http::Response Delete(const std::string& path) { return Send("DELETE", path, ""); }

  http::Response Send(const std::string& method, const std::string& path, const std::string& body,
                      Headers headers = {}) {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.headers = std::move(headers);
    request.body = body;
    // As the router does it: split first, then decode each part.
    for (std::string_view part : Split(std::string_view(path).substr(1), '/')) {
      request.path.push_back(PercentDecode(part).value());
    }
    const std::string pattern = "/metrics/" + request.path.at(1) + "/**";
    for (const http::Route& route : intake.Routes()) {
      if (route.method == method && route.pattern == pattern) return route.handler(request);
    }
    http::Response not_found;
    not_found.status = 404;
    return not_found;
  }

  // The pushed part of /metrics.
  std::string Page() const {
    std::vector<exposition::Family> families = store.Families();
    EXPECT_EQ(exposition::Arrange(&families), 0U);
    std::string page;
    exposition::WriteText(families, &page);
    return page;
  }
  // The page's lines without comments and without the groups' times, and ` instance=""` left out.
  std::vector<std::string> PageSeries() const {
    std::vector<std::string> lines;
    const std::string page = Page();
    for (std::string_view line : Split(page, '\n')) {
      if (line.empty() || line[0] == '#' || line.starts_with("push_")) continue;
      std::string shown(line);
      if (const std::size_t at = shown.find("instance=\"\","); at != std::string::npos) {
        shown.erase(at, 12);
      }
      lines.push_back(std::move(shown));
    }
    return lines;
  }
  // What rules see, without the groups' times.
  std::vector<std::string> Living() const {
    std::vector<std::string> living;
    for (std::string& line : sink.Living()) {
      if (!line.starts_with("push_")) living.push_back(std::move(line));
    }
    return living;
  }
  double Counter(const std::string& name, const std::string& label_value) const {
    for (const prometheus::MetricFamily& family : registry.Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        if (label_value.empty() || metric.label.at(0).value == label_value) {
          return metric.counter.value + metric.gauge.value;
        }
      }
    }
    return -1;
  }

  testing::RecordingSampleSink sink;
  testing::MemoryStateStore state;
  testing::FakeClock clock;
  testing::RecordingLogSink log;
  MetricRegistry registry;
  Context context;
  prometheus::Gauge& own;
  PushStore store;
  PushIntake intake;
};

}  // namespace tocsin::intake
