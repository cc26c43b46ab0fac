#include "tests/unit/exporter/api/api_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "evaluator/lifecycle/engine.h"
#include "evaluator/series/store.h"
#include "exporter/api/alert_talk_api.h"
#include "tests/support/null_log.h"

namespace tocsin::api {

struct ApiWorld::Parts {
  explicit Parts(ApiWorld& of)
      : world(of),
        lifecycle(
            {}, world.book, world.store, sink, [this] { return "id-" + std::to_string(++ids); },
            Logger(log, "lifecycle"), world.registry),
        engine(lifecycle, world.clock),
        posted_acknowledgements(world.store, {}, Logger(log, "dispatcher")),
        acknowledgements(world.book, engine, world.alerts, posted_acknowledgements, world.clock),
        silences(
            {}, world.store, [this] { return "silence-" + std::to_string(++silence_ids); }, nullptr,
            /*record_events=*/true),
        comments(world.store, Logger(log, "comments")),
        known_alerts(world.book, world.alerts, posted_acknowledgements, silences,
                     {[this](LabelsView labels, Timestamp) {
                        return labels.Get("host") == world.inhibited_host;
                      },
                      [this](const KnownAlert& alert, Timestamp) {
                        return alert.labels().view().Get("host") == world.muted_host
                                   ? std::vector<std::string>{"night"}
                                   : std::vector<std::string>();
                      }},
                     world.clock),
        series(evaluator::StoreLimits{}, engine, world.registry),
        api(Sources()),
        talk_api({known_alerts, comments, silences, world.clock,
                  [this] { return "comment-" + std::to_string(++comment_ids); }}) {}

  AlertingSources Sources() {
    return {world.book,
            engine,
            acknowledgements,
            [this] {
              return LoadedRules{world.index, kStart};
            },
            [this] { return world.status; },
            [this](const std::string& id) -> std::optional<receivers::AnnouncementView> {
              const auto found = world.announced.find(id);
              if (found == world.announced.end()) return std::nullopt;
              return found->second;
            },
            [this](const EventQuery& query) { return world.store.Events(query); },
            known_alerts,
            comments};
  }

  ApiWorld& world;
  testing::NullLogSink log;
  testing::RecordingAlertSink sink;  // the engine's thread
  int ids = 0;                       // the engine's thread
  evaluator::Lifecycle lifecycle;
  evaluator::Engine engine;
  receivers::PostedAcknowledgements posted_acknowledgements;
  Acknowledgements acknowledgements;
  int silence_ids = 0;
  receivers::Silences silences;
  receivers::AlertComments comments;
  KnownAlerts known_alerts;
  evaluator::SeriesStore series;
  AlertingApi api;
  int comment_ids = 0;
  AlertTalkApi talk_api;
  http::Router router;
};

ApiWorld::ApiWorld(const Rules& rules, bool commit_at_once)
    : store(commit_at_once),
      index(std::make_shared<const evaluator::RuleIndex>(rules, std::chrono::minutes(5))),
      parts_(std::make_unique<Parts>(*this)) {
  EXPECT_TRUE(parts_->lifecycle.Restore(clock.Now()).ok());
  parts_->lifecycle.ApplyRules(index, std::chrono::minutes(5), clock.Now());
  parts_->series.SetWatchMaker(index, clock.Now());
  parts_->engine.Start();
  status.now = clock.Now();
  status.started = clock.Now() - std::chrono::seconds(90);
  for (http::Route& route : parts_->api.Routes()) parts_->router.Add(std::move(route));
  for (http::Route& route : parts_->talk_api.Routes()) parts_->router.Add(std::move(route));
}

ApiWorld::~ApiWorld() = default;

void ApiWorld::Submit(const std::string& host, double value) {
  SampleBatch batch(Origin::kJson);
  batch.Add(Labels{{"__name__", "cpu"}, {"host", host}}, {clock.Now(), value});
  parts_->series.Append(batch, clock.Now());
  Settle();
}

void ApiWorld::Advance(Duration by) {
  clock.Advance(by);
  Settle();
  Settle();  // timers run after the messages, so they were dealt with before the second one
}

http::Response ApiWorld::Get(const std::string& path, const std::string& query) {
  return Send("GET", "/api/v1/alerting" + path, "", query);
}

http::Response ApiWorld::Post(const std::string& path, const std::string& body) {
  return Send("POST", "/api/v1/alerting" + path, body);
}

http::Response ApiWorld::Send(const std::string& method, const std::string& path,
                              const std::string& body, const std::string& query) {
  http::Request request;
  request.method = method;
  request.raw_path = path;
  request.query = query;
  request.body.reserve(body.size() + http::kBodyPadding);
  request.body = body;
  request.actor = actor;
  request.stranger = stranger;
  request.creation_id = creation_id;
  const http::Router::Match match = parts_->router.Find(request);
  return match.route != nullptr ? match.route->handler(request) : match.error;
}

json ApiWorld::AlertOf(const std::string& host) {
  for (const json& alert : json::parse(Get("/alerts", "status=all").body)) {
    if (alert.at("metadata").at("host") == host) return alert;
  }
  ADD_FAILURE() << "no alert of " << host;
  return json::object();
}

std::string ApiWorld::IdOf(const std::string& host) { return AlertOf(host).value("id", ""); }

std::vector<receivers::SilencePtr> ApiWorld::Acknowledged() const {
  return parts_->acknowledgements.All();
}

receivers::Silences& ApiWorld::silences() { return parts_->silences; }
receivers::AlertComments& ApiWorld::comments() { return parts_->comments; }
receivers::PostedAcknowledgements& ApiWorld::posted_acknowledgements() {
  return parts_->posted_acknowledgements;
}

AlertingSources ApiWorld::Sources() { return parts_->Sources(); }

void ApiWorld::Settle() {
  std::promise<void> answered;
  parts_->engine.Resolve("nobody", "", "", [&](const auto&) { answered.set_value(); });
  answered.get_future().wait();
}

json Parsed(const http::Response& response) {
  EXPECT_EQ(response.content_type, "application/json");
  return json::parse(response.body);
}

}  // namespace tocsin::api
