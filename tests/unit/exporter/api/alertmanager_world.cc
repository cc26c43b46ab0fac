#include "tests/unit/exporter/api/alertmanager_world.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/worker_pool.h"
#include "config/alertmanager_file.h"
#include "exporter/api/alertmanager_api.h"
#include "exporter/api/alertmanager_overview.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/graph.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/fake_mail_client.h"
#include "tests/support/null_log.h"
#include "tests/unit/exporter/api/no_files.h"

namespace tocsin::api {
namespace {

constexpr std::string_view kTwoTeams = R"(
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

receivers::PipelineGraphPtr MakeGraph(const receivers::ChannelContext& context) {
  NoFiles files;
  const config::LoadedAlertmanager loaded =
      config::LoadAlertmanagerText("alertmanager.yml", kTwoTeams, {}, files);
  CHECK(loaded.settings != nullptr);
  Result<receivers::PipelineGraphPtr> graph =
      receivers::BuildPipelineGraph(loaded.settings, context);
  CHECK(graph.ok());
  return *std::move(graph);
}

}  // namespace

struct AlertmanagerWorld::Parts {
  explicit Parts(AlertmanagerWorld& world)
      : context{http,
                mail,
                world.clock,
                metrics,
                [](std::string_view, Duration) { return Status(); },
                console},
        silences({}, world.store, [this] { return NextUuid(); }),
        dispatcher(
            {}, MakeGraph(context), alerts, silences, world.store, world.clock, [] { return 0.5; },
            Logger(log, "dispatcher"), metrics) {}

  std::string NextUuid() {
    return "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + ++ids);
  }

  int ids = 0;
  testing::NullLogSink log;
  MetricRegistry metrics;
  testing::FakeHttpClient http;
  testing::FakeMailClient mail;
  WorkerPool console{1, 1};
  receivers::ChannelContext context;
  receivers::AlertStore alerts{metrics};
  receivers::Silences silences;
  receivers::Dispatcher dispatcher;
  std::optional<AlertmanagerApi> api;
  http::Router router;
};

AlertmanagerWorld::AlertmanagerWorld(const std::string& prefix, MatcherDialect dialect,
                                     bool clustered)
    : prefix_(prefix), parts_(std::make_unique<Parts>(*this)) {
  Parts& p = *parts_;
  AlertmanagerIdentity identity{"0.34.0",  "tocsin-test", clock.Now(),
                                clustered, "peer-1",      "127.0.0.1:9094"};
  const AlertmanagerSources sources{
      p.alerts,  p.silences, p.dispatcher,        clock,
      p.metrics, dialect,    std::move(identity), [] { return std::string("route:\n"); }};
  p.api.emplace(sources);
  if (prefix.empty()) {
    p.router.Add(AlertmanagerOverviewRoute(sources, [this] { return store_trouble; }));
  }
  for (http::Route& route : p.api->Routes(prefix)) p.router.Add(std::move(route));
  p.router.FinishBelow(prefix + "/api", AllowEveryOrigin);
  p.dispatcher.Start();
}

AlertmanagerWorld::~AlertmanagerWorld() { parts_->dispatcher.Stop(); }

http::Response AlertmanagerWorld::Send(const std::string& method, const std::string& path,
                                       const std::string& body, const std::string& content_type,
                                       const std::string& preflight_for) {
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
  const http::Router& router = parts_->router;
  const http::Router::Match match = router.Find(request);
  http::Response response = match.route != nullptr ? match.route->handler(request) : match.error;
  router.Finish(request, &response);
  return response;
}

http::Response AlertmanagerWorld::Get(const std::string& path) {
  return Send("GET", prefix_ + "/api/v2" + path);
}

http::Response AlertmanagerWorld::Post(const std::string& path, const std::string& body) {
  return Send("POST", prefix_ + "/api/v2" + path, body);
}

http::Response AlertmanagerWorld::Delete(const std::string& path) {
  return Send("DELETE", prefix_ + "/api/v2" + path);
}

AlertmanagerWorld::Json AlertmanagerWorld::GetJson(const std::string& path) {
  const http::Response response = Get(path);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/json");
  return Json::parse(response.body);
}

void AlertmanagerWorld::PostAlerts(const std::string& alerts) {
  const http::Response response = Post("/alerts", alerts);
  EXPECT_EQ(response.status, 200) << response.body;
  Settle();
}

std::string AlertmanagerWorld::PostSilence(const Json& silence) {
  const http::Response response = Post("/silences", silence.dump());
  EXPECT_EQ(response.status, 200) << response.body;
  return response.status == 200 ? Json::parse(response.body).value("silenceID", "") : "";
}

void AlertmanagerWorld::Advance(Duration by) {
  clock.Advance(by);
  Settle();
  Settle();  // timers run after the events, so they were dealt with before the second one
}

std::vector<std::string> AlertmanagerWorld::Listed(const std::string& path,
                                                   const std::string& label) {
  std::vector<std::string> values;
  for (const Json& alert : GetJson(path)) {
    values.push_back(alert.at("labels").value(label, "?"));
  }
  return values;
}

const receivers::AlertStore& AlertmanagerWorld::alerts() const { return parts_->alerts; }

const receivers::Silences& AlertmanagerWorld::silences() const { return parts_->silences; }

const receivers::Dispatcher& AlertmanagerWorld::dispatcher() const { return parts_->dispatcher; }

void AlertmanagerWorld::Settle() { (void)parts_->dispatcher.Groups(); }

}  // namespace tocsin::api
