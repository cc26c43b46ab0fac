// The Alertmanager API over a real alert store, silences and dispatcher, without a server: requests
// go in through the router, as a web worker hands them over. Nothing is sent anywhere.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/worker_pool.h"
#include "config/alertmanager_file.h"
#include "exporter/api/alertmanager_api.h"
#include "exporter/api/alertmanager_overview.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/graph.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"

namespace tocsin::api {

// 2100-01-01T00:00:00Z. In the future, since the dispatcher waits for its timers on the real
// calendar: nothing becomes due by itself.
inline const Timestamp kStartOfApi = FromUnixMillis(4'102'444'800'000);

inline constexpr std::string_view kTwoTeams = R"(
route:
  receiver: ops
  group_by: [alertname]
  group_wait: 30s
  routes:
  - receiver: db
    matchers: [service="db"]
    labels: {team: storage}
  - receiver: web
    matchers: [service="web"]
    mute_time_intervals: [always]
receivers:
- name: web
- name: ops
- name: db
  labels: {tier: gold}
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [cluster]
time_intervals:
- name: always
  time_intervals:
  - {months: ['1:12']}
)";

class AlertmanagerWorld {
 public:
  using Json = nlohmann::json;

  explicit AlertmanagerWorld(const std::string& prefix = "",
                             MatcherDialect dialect = MatcherDialect::kFallback,
                             bool clustered = true)
      : prefix_(prefix) {
    AlertmanagerIdentity identity{"0.34.0",  "tocsin-test", kStartOfApi,
                                  clustered, "peer-1",      "127.0.0.1:9094"};
    const AlertmanagerSources sources{
        alerts_,  silences_, dispatcher_,         clock,
        metrics_, dialect,   std::move(identity), [] { return std::string("route:\n"); }};
    api_.emplace(sources);
    if (prefix.empty()) router_.Add(AlertmanagerOverviewRoute(sources));
    for (http::Route& route : api_->Routes(prefix)) router_.Add(std::move(route));
    router_.FinishBelow(prefix + "/api", AllowEveryOrigin);
    dispatcher_.Start();
  }
  ~AlertmanagerWorld() { dispatcher_.Stop(); }
  AlertmanagerWorld(const AlertmanagerWorld&) = delete;
  AlertmanagerWorld& operator=(const AlertmanagerWorld&) = delete;

  http::Response Send(const std::string& method, const std::string& path,
                      const std::string& body = "",
                      const std::string& content_type = "application/json",
                      const std::string& preflight_for = "") {
    http::Request request;
    request.method = method;
    request.raw_path = path.substr(0, path.find('?'));
    if (request.raw_path.size() < path.size()) request.query = path.substr(path.find('?') + 1);
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    if (!preflight_for.empty()) {
      request.headers.emplace_back("Access-Control-Request-Method", preflight_for);
    }
    request.body.reserve(body.size() + http::kBodyPadding);
    request.body = body;
    const http::Router::Match match = router_.Find(request);
    http::Response response = match.route != nullptr ? match.route->handler(request) : match.error;
    router_.Finish(request, &response);
    return response;
  }
  http::Response Get(const std::string& path) { return Send("GET", prefix_ + "/api/v2" + path); }
  http::Response Post(const std::string& path, const std::string& body) {
    return Send("POST", prefix_ + "/api/v2" + path, body);
  }
  http::Response Delete(const std::string& path) {
    return Send("DELETE", prefix_ + "/api/v2" + path);
  }
  // The body of a good answer.
  Json GetJson(const std::string& path) {
    const http::Response response = Get(path);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return Json::parse(response.body);
  }

  // Stored and in its groups when this returns.
  void PostAlerts(const std::string& alerts) {
    const http::Response response = Post("/alerts", alerts);
    EXPECT_EQ(response.status, 200) << response.body;
    Settle();
  }
  std::string PostSilence(const Json& silence) {
    const http::Response response = Post("/silences", silence.dump());
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? Json::parse(response.body).value("silenceID", "") : "";
  }
  // What is due by now has happened when this returns.
  void Advance(Duration by) {
    clock.Advance(by);
    Settle();
    Settle();  // timers run after the events, so they were dealt with before the second one
  }

  // The values of `label` in the list at `path`, in its order.
  std::vector<std::string> Listed(const std::string& path, const std::string& label = "n") {
    std::vector<std::string> values;
    for (const Json& alert : GetJson(path)) {
      values.push_back(alert.at("labels").value(label, "?"));
    }
    return values;
  }

  const receivers::AlertStore& alerts() const { return alerts_; }
  const receivers::Silences& silences() const { return silences_; }
  const receivers::Dispatcher& dispatcher() const { return dispatcher_; }

  testing::FakeClock clock{kStartOfApi};
  testing::MemoryStateStore store;

 private:
  void Settle() { (void)dispatcher_.Groups(); }

  class NoFiles final : public config::Files {
   public:
    Result<std::string> Read(const std::string&, std::size_t) override {
      return Error{"No such file or directory"};
    }
    std::vector<std::string> Match(const std::string&, const std::string&) override { return {}; }
  };
  receivers::PipelineGraphPtr MakeGraph() {
    NoFiles files;
    const config::LoadedAlertmanager loaded =
        config::LoadAlertmanagerText("alertmanager.yml", kTwoTeams, {}, files);
    CHECK(loaded.settings != nullptr);
    Result<receivers::PipelineGraphPtr> graph =
        receivers::BuildPipelineGraph(loaded.settings, context_);
    CHECK(graph.ok());
    return *std::move(graph);
  }
  std::string NextUuid() {
    return "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + ++ids_);
  }

  const std::string prefix_;
  int ids_ = 0;
  testing::NullLogSink log_;
  MetricRegistry metrics_;
  testing::FakeHttpClient http_;
  WorkerPool console_{1, 1};
  receivers::ChannelContext context_{http_, clock, metrics_,
                                     [](std::string_view, Duration) { return Status(); }, console_};
  receivers::AlertStore alerts_{metrics_};
  receivers::Silences silences_{{}, store, [this] { return NextUuid(); }};
  receivers::Dispatcher dispatcher_{{},
                                    MakeGraph(),
                                    alerts_,
                                    silences_,
                                    store,
                                    clock,
                                    [] { return 0.5; },
                                    Logger(log_, "dispatcher"),
                                    metrics_};
  std::optional<AlertmanagerApi> api_;
  http::Router router_;
};

}  // namespace tocsin::api
