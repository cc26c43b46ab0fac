// The alerting API over a real book, state machine and series store, without a server: requests go
// in as the router hands them to a web worker.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/lifecycle/engine.h"
#include "evaluator/series/store.h"
#include "exporter/api/alerting_api.h"
#include "exporter/http/http.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/mute/posted_acknowledgements.h"
#include "tests/support/evaluator_builders.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/posted_alert_builders.h"

namespace tocsin::api {

using nlohmann::json;
using Rules = std::vector<std::shared_ptr<const ThresholdRule>>;

// 2100-01-01T00:00:00Z. In the future, since the engine waits for its timers on the real calendar:
// nothing becomes due by itself.
inline const Timestamp kStart = FromUnixMillis(4'102'444'800'000);

class ApiWorld {
 public:
  explicit ApiWorld(const Rules& rules, bool commit_at_once = true)
      : store(commit_at_once),
        index(std::make_shared<const evaluator::RuleIndex>(rules, std::chrono::minutes(5))) {
    EXPECT_TRUE(lifecycle_.Restore(clock.Now()).ok());
    lifecycle_.ApplyRules(index, std::chrono::minutes(5), clock.Now());
    series_.SetWatchMaker(index, clock.Now());
    engine_.Start();
    status.now = clock.Now();
    status.started = clock.Now() - std::chrono::seconds(90);
    for (http::Route& route : api_.Routes()) router_.Add(std::move(route));
  }

  // A sample of the metric "cpu", evaluated when this returns.
  void Submit(const std::string& host, double value) {
    SampleBatch batch(Origin::kJson);
    batch.Add(Labels{{"__name__", "cpu"}, {"host", host}}, {clock.Now(), value});
    series_.Append(batch, clock.Now());
    Settle();
  }
  // What is due by now has happened when this returns.
  void Advance(Duration by) {
    clock.Advance(by);
    Settle();
    Settle();  // timers run after the messages, so they were dealt with before the second one
  }

  http::Response Get(const std::string& path, const std::string& query = "") {
    return Send("GET", "/api/v1/alerting" + path, "", query);
  }
  http::Response Post(const std::string& path, const std::string& body = "") {
    return Send("POST", "/api/v1/alerting" + path, body);
  }
  http::Response Send(const std::string& method, const std::string& path, const std::string& body,
                      const std::string& query = "") {
    http::Request request;
    request.method = method;
    request.raw_path = path;
    request.query = query;
    request.body.reserve(body.size() + http::kBodyPadding);
    request.body = body;
    const http::Router::Match match = router_.Find(request);
    return match.route != nullptr ? match.route->handler(request) : match.error;
  }

  // The alert of a host, from the list of all states.
  json AlertOf(const std::string& host) {
    for (const json& alert : json::parse(Get("/alerts", "status=all").body)) {
      if (alert.at("metadata").at("host") == host) return alert;
    }
    ADD_FAILURE() << "no alert of " << host;
    return json::object();
  }
  std::string IdOf(const std::string& host) { return AlertOf(host).value("id", ""); }

  // As the Alertmanager API shows them.
  std::vector<receivers::SilencePtr> Acknowledged() const { return acknowledgements_.All(); }

  AlertingSources Sources() {
    return {book,
            engine_,
            acknowledgements_,
            [this] {
              return LoadedRules{index, kStart};
            },
            [this] { return status; },
            [this](const std::string& id) -> std::optional<receivers::AnnouncementView> {
              const auto found = announced.find(id);
              if (found == announced.end()) return std::nullopt;
              return found->second;
            }};
  }

  testing::FakeClock clock{kStart};
  testing::MemoryStateStore store;
  evaluator::AlertBook book;
  std::shared_ptr<const evaluator::RuleIndex> index;
  DaemonStatus status;
  std::map<std::string, receivers::AnnouncementView> announced;
  MetricRegistry registry;
  receivers::AlertStore alerts{registry};  // that senders have posted

 private:
  // Whatever was handed to the engine before is dealt with when this returns.
  void Settle() {
    std::promise<void> answered;
    engine_.Resolve("nobody", "", "", [&](const auto&) { answered.set_value(); });
    answered.get_future().wait();
  }

  testing::NullLogSink log_;
  testing::RecordingAlertSink sink_;  // the engine's thread
  int ids_ = 0;                       // the engine's thread
  evaluator::Lifecycle lifecycle_{{},
                                  book,
                                  store,
                                  sink_,
                                  [this] { return "id-" + std::to_string(++ids_); },
                                  Logger(log_, "lifecycle"),
                                  registry};
  evaluator::Engine engine_{lifecycle_, clock};
  receivers::PostedAcknowledgements posted_acknowledgements_{store, {}, Logger(log_, "dispatcher")};
  Acknowledgements acknowledgements_{book, engine_, alerts, posted_acknowledgements_, clock};
  evaluator::SeriesStore series_{evaluator::StoreLimits{}, engine_, registry};
  AlertingApi api_{Sources()};
  http::Router router_;
};

inline json Parsed(const http::Response& response) {
  EXPECT_EQ(response.content_type, "application/json");
  return json::parse(response.body);
}

}  // namespace tocsin::api
