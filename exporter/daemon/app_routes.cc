// What an App serves over HTTP, and what it shows of itself there.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "config/alertmanager_print.h"
#include "exporter/api/admin_api.h"
#include "exporter/api/alert_command.h"
#include "exporter/api/openapi.h"
#include "exporter/api/overview.h"
#include "exporter/daemon/app_parts.h"
#include "exporter/daemon/version.h"
#include "exporter/http/origin_guard.h"
#include "receivers/alerts/native_alert.h"

namespace tocsin::daemon {
namespace {

constexpr const char* kSubmitMetric = "/api/v1/alerting/metrics";
// So many messages in front of the state machine mean that evaluation has come to a standstill: its
// queue holds 65,536.
constexpr std::size_t kStalledMessages = 60'000;
// So does a round that takes this long; it takes milliseconds.
constexpr Duration kStalledRound = std::chrono::seconds(30);

// Of pages that may call us: those that are configured, and what we are reached as ourselves.
std::vector<std::string> AllowedOrigins(const config::WebSettings& web) {
  std::vector<std::string> origins = web.allowed_origins;
  const std::size_t scheme_end = web.external_url.find("://");
  if (scheme_end == std::string::npos) return origins;
  origins.push_back(web.external_url.substr(0, web.external_url.find('/', scheme_end + 3)));
  return origins;
}

// Of the series that the rule looks at.
std::set<std::string> LabelsOfSeries(const ThresholdRule& rule, const Querier& series) {
  std::vector<Matcher> matchers = rule.matchers;
  matchers.push_back(Matcher::Equal(std::string(kMetricNameLabel), rule.series_name));
  std::set<std::string> names;
  for (const SeriesSamples& one : series.Latest(matchers, Timestamp::min())) {
    for (const auto& [name, value] : one.labels) {
      if (name != kMetricNameLabel) names.emplace(name);
    }
  }
  return names;
}

}  // namespace

void App::Parts::BuildRoutes(const config::Settings& served) {
  const auto add = [this, origins = AllowedOrigins(served.web)](http::Route route) {
    router.Add(http::GuardOrigin(repeatable->Remember(std::move(route)), origins));
  };
  http::Handler submit_metric;
  for (const auto& intake : intakes) {
    for (http::Route& route : intake->Routes()) {
      if (route.pattern == kSubmitMetric) submit_metric = route.handler;
      add(std::move(route));
    }
  }
  acknowledgements.emplace(book, *engine, *alerts, *dispatcher->acknowledgements(), clock);
  known_alerts.emplace(book, *alerts, *dispatcher->acknowledgements(), *silences, Mutes(), clock);
  alert_talk_api.emplace(
      api::AlertTalkSources{*known_alerts, *comments, *silences, clock, RandomUuid});
  for (http::Route& route : alert_talk_api->Routes()) add(std::move(route));
  alerting_api.emplace(Sources());
  for (http::Route& route : alerting_api->Routes()) add(std::move(route));
  rules_api.emplace(RuleView());
  for (http::Route& route : rules_api->Routes()) add(std::move(route));
  receivers_api.emplace(
      api::ReceiverSources{receiver_book->Commands(), [this] { return receiver_list.Get(); }});
  for (http::Route& route : receivers_api->Routes()) add(std::move(route));
  if (served.web.demo) {
    for (http::Route& route : rules_api->DemoRoutes()) add(std::move(route));
    for (http::Route& route : api::DemoTriggerRoutes(submit_metric)) add(std::move(route));
  }
  for (http::Route& route :
       api::AdminRoutes({[this] { return ready.load(); },
                         [this] { return queue.ReloadAndWait("/-/reload"); }})) {
    add(std::move(route));
  }
  history_api.emplace(api::HistorySources{*store, [this] { return Rules(); }, clock});
  for (http::Route& route : history_api->Routes()) add(std::move(route));
  BuildStreamRoutes();
  for (http::Route& route : stream_api->Routes()) add(std::move(route));
  delivery_api.emplace(book, *alerts, *silences, *dispatcher, clock);
  for (http::Route& route : delivery_api->Routes()) add(std::move(route));
  for (http::Route& route : api::ReceiverTrialRoutes(TrialSources())) add(std::move(route));
  alertmanager_api.emplace(AlertmanagerView());
  for (http::Route& route : alertmanager_api->Routes("")) add(std::move(route));
  security_api.emplace(*keys, *audit, clock);
  for (http::Route& route : security_api->Routes()) add(std::move(route));
  add(api::OverviewRoute(Sources()));
  // After those of the alerting API, which it describes.
  for (http::Route& route : api::OpenApiRoutes(router.routes())) add(std::move(route));
  const auto metrics_route = [this, &served] {
    http::Route route = MetricsRoute(Page());
    route.access = served.web.public_metrics ? http::Access::kOpen : http::Access::kRead;
    return route;
  };
  add(metrics_route());
  extra_router.Add(metrics_route());
  cors.emplace(served.web.allowed_origins);
  for (http::Router* guarded : {&router, &extra_router}) {
    guard->Guard(guarded, &*cors);
    guarded->FinishBelow("", [this](const http::Request&, http::Response* response) {
      web_users.SetHeaders(response);
    });
  }
}

api::KnownAlerts::Mutes App::Parts::Mutes() {
  const auto inhibited = [this](LabelsView labels, Timestamp now) {
    return !dispatcher->graph()->inhibitor.MutedBy(labels, now).empty();
  };
  const auto intervals = [this](const api::KnownAlert& alert, Timestamp now) {
    const receivers::PipelineGraphPtr graph = dispatcher->graph();
    if (graph->intervals.empty()) return std::vector<std::string>();
    return graph->IntervalsThatMute(
        alert.posted ? *alert.posted : receivers::MakeNativeAlert(alert.native, ""), now);
  };
  return {inhibited, intervals};
}

void App::Parts::BuildStreamRoutes() {
  alert_snapshots.emplace(
      *stream_hub, *store, *known_alerts,
      [this](const api::KnownAlert& alert) { return alerting_api->Shown(alert).Finish(); },
      [this](std::function<void()> done) { engine->WhenNumbered(std::move(done)); });
  stream_api.emplace(StreamView(), api::StreamSettings());
  streams->OnTick([this](Timestamp now) { stream_api->Tick(now); });
}

api::StreamSources App::Parts::StreamView() {
  const auto acknowledge = [this](const std::string& alert, const AcknowledgeCommand& command,
                                  const api::StreamSources::Done& done) {
    if (book.Find(alert) != nullptr) return engine->Acknowledge(alert, command, done);
    done(acknowledgements->Acknowledge(alert, command));
  };
  const auto resolve = [this](const std::string& alert, const std::string& actor,
                              const std::string& note, const api::StreamSources::Done& done) {
    const std::optional<api::KnownAlert> known = known_alerts->Find(alert);
    if (known && known->native == nullptr) return done(api::ResolvingPosted(*known));
    engine->Resolve(alert, actor, note, done);
  };
  return {*stream_hub, *alert_snapshots, *sample_tap, *store, clock,
          book,        *guard,           acknowledge, resolve};
}

api::AlertingSources App::Parts::Sources() {
  return {book,
          *engine,
          *acknowledgements,
          [this] { return Rules(); },
          [this] { return GatherStatus(); },
          [this](const std::string& episode) { return dispatcher->ForEpisode(episode); },
          [this](const EventQuery& query) { return store->Events(query); },
          *known_alerts,
          *comments};
}

api::RuleSources App::Parts::RuleView() {
  return {rule_book->Commands(),
          [this] { return Rules(); },
          [this] { return receiver_names.Get(); },
          [this] { return file_receiver_names.Get(); },
          [this] { return Duration(staleness_ms.load()); },
          [this](const ThresholdRule& rule) { return LabelsOfSeries(rule, *series); }};
}

api::ReceiverTrialSources App::Parts::TrialSources() {
  return {[this] { return dispatcher->graph(); },
          [this](const receivers::PipelineGraph& graph, const receivers::TrialOrder& order) {
            return receivers::TryReceiver(graph, order, *channel_context);
          },
          settings->web.external_url, clock, log.Named("receiver_test")};
}

api::AlertmanagerSources App::Parts::AlertmanagerView() {
  api::AlertmanagerIdentity identity;
  identity.version = settings->reported_version;
  identity.revision = fmt::format("tocsin-{}", Version());
  identity.started = started;
  identity.peer_name = RandomUuid();
  identity.peer_address = options.listen_address;
  api::AlertmanagerSources sources{
      *alerts,
      *silences,
      *dispatcher,
      clock,
      metrics,
      MatcherDialect::kFallback,
      std::move(identity),
      [this] { return config::PrintAlertmanagerConfig(*dispatcher->graph()->settings); }};
  sources.acknowledgements = &*acknowledgements;
  return sources;
}

MetricsPage App::Parts::Page() {
  const auto alerts_of_rules = [this] {
    return book.Survey({AlertState::kPending, AlertState::kFiring, AlertState::kAcknowledged});
  };
  return {{&metrics, &process_metrics, &*series, &*alertmanager_gauges},
          alerts_of_rules,
          *push_store,
          *series,
          clock,
          [this] { return Duration(staleness_ms.load()); },
          metrics};
}

api::DaemonStatus App::Parts::GatherStatus() const {
  api::DaemonStatus status;
  status.now = clock.Now();
  status.started = started;
  status.version = Version();
  const auto& rules = Rules().index->rules();
  status.rules_total = rules.size();
  status.rules_enabled = static_cast<std::size_t>(
      std::count_if(rules.begin(), rules.end(), [](const auto& rule) { return rule->enabled; }));
  status.series = series->series_count();
  status.notifications_sent_24h = dispatcher->delivered_within_day();
  status.outbox_pending = dispatcher->outbox().pending;
  status.outbox_dead = dispatcher->outbox().dead;
  status.store_trouble = store->Trouble();
  status.evaluation = {engine->lag(), engine->waiting()};
  status.delivery_stalled = dispatcher->stalled();
  status.stalled = status.delivery_stalled || status.evaluation.waiting >= kStalledMessages ||
                   status.evaluation.lag >= kStalledRound;
  status.store_lag = store->WriterLag();
  status.disk = RoomIn(storage.Path("."));
  if (!guard->asks()) status.warnings = ExposureWarnings(options.listen_address, loopback_only);
  if (probe) status.probe = probe->status();
  status.host_collector_enabled = host->enabled();
  status.host_collector_healthy = host->healthy();
  status.websocket_connections = streams->open(http::StreamKind::kWebSocket);
  status.stream_clients =
      status.websocket_connections + streams->open(http::StreamKind::kServerSentEvents);
  status.stream_limit = streams->limit();
  status.reload = reloads.status();
  for (const receivers::ReceiverView& receiver : dispatcher->Receivers()) {
    status.receivers.push_back(
        {receiver.name, receiver.health, receiver.last_error, receiver.last_attempt_at});
  }
  for (api::ReceiverStatus& channel : UnconfiguredChannels(*Rules().index, *receiver_names.Get())) {
    status.receivers.push_back(std::move(channel));
  }
  for (const scrape::TargetStatus& target : scraper->Targets()) {
    status.targets.push_back({target.job, target.url,
                              std::string(scrape::TargetHealthName(target.health)),
                              target.last_error, target.last_scrape,
                              std::chrono::duration_cast<Duration>(target.last_duration)});
  }
  return status;
}

}  // namespace tocsin::daemon
