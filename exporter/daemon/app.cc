#include "exporter/daemon/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "base/host_name.h"
#include "base/http_client.h"
#include "base/json_row.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "base/timer_queue.h"
#include "base/uuid.h"
#include "base/worker_pool.h"
#include "config/alertmanager_print.h"
#include "config/loader.h"
#include "config/watcher.h"
#include "evaluator/lifecycle/alert_book.h"
#include "evaluator/lifecycle/engine.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/series/store.h"
#include "exporter/api/admin_api.h"
#include "exporter/api/alert_talk_api.h"
#include "exporter/api/alerting_api.h"
#include "exporter/api/alertmanager_api.h"
#include "exporter/api/delivery_api.h"
#include "exporter/api/history_api.h"
#include "exporter/api/known_alerts.h"
#include "exporter/api/overview.h"
#include "exporter/api/receiver_trial_api.h"
#include "exporter/api/receivers_api.h"
#include "exporter/api/repeatable_requests.h"
#include "exporter/api/rules_api.h"
#include "exporter/api/security_api.h"
#include "exporter/daemon/alert_pictures.h"
#include "exporter/daemon/alertmanager_gauges.h"
#include "exporter/daemon/config_log.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/daemon_probe.h"
#include "exporter/daemon/host_rounds.h"
#include "exporter/daemon/measured_sink.h"
#include "exporter/daemon/metrics_page.h"
#include "exporter/daemon/on_demand_clients.h"
#include "exporter/daemon/on_demand_executor.h"
#include "exporter/daemon/periodic.h"
#include "exporter/daemon/process_metrics.h"
#include "exporter/daemon/random_numbers.h"
#include "exporter/daemon/receiver_book.h"
#include "exporter/daemon/rule_book.h"
#include "exporter/daemon/self_metrics.h"
#include "exporter/daemon/state_database.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/daemon/version.h"
#include "exporter/http/civetweb_server.h"
#include "exporter/http/listen_address.h"
#include "exporter/http/origin_guard.h"
#include "exporter/intake/intakes.h"
#include "exporter/intake/push_store.h"
#include "exporter/scrape/scrape_manager.h"
#include "exporter/security/access_guard.h"
#include "receivers/alerts/alert_comments.h"
#include "receivers/channels/console_writer.h"
#include "receivers/channels/pictures.h"
#include "receivers/dispatcher.h"
#include "receivers/native_alerts.h"

namespace tocsin::daemon {
namespace {

constexpr const char* kSubmitMetric = "/api/v1/alerting/metrics";
// Reading scraped pages, host rounds and other background work. Two, so that a slow round of one
// kind does not hold up the other.
constexpr std::size_t kPoolThreads = 2;
constexpr std::size_t kPoolCapacity = 10'000;
constexpr std::size_t kConsoleCapacity = 1'000;
// Each takes some 10 ms to draw, so that a full queue holds a message up for less than a second.
constexpr std::size_t kPictureCapacity = 64;
// For connections that idle or are slow, beside the workers. Each costs some 22 KiB.
constexpr std::size_t kSpareThreads = 32;
constexpr Duration kPruneInterval = std::chrono::minutes(1);
constexpr Duration kSelfInterval = std::chrono::seconds(5);
// How long a key that another process has revoked may still be good.
constexpr Duration kKeysInterval = std::chrono::seconds(2);
// How long deliveries under way may take when the daemon stops; what is not confirmed by then goes
// on after the next start.
constexpr Duration kDrainTime = std::chrono::seconds(3);
// So many messages in front of the state machine mean that evaluation has come to a standstill: its
// queue holds 65,536.
constexpr std::size_t kStalledMessages = 60'000;
// So does a round that takes this long; it takes milliseconds.
constexpr Duration kStalledRound = std::chrono::seconds(30);

// Listening beyond this machine without keys lets everybody in: the operator must have said so.
Status CheckExposure(const std::string& listen_address, const config::Settings& settings,
                     bool asks_for_keys, const Logger& log) {
  const Result<http::ListenAddress> address = http::ParseListenAddress(listen_address);
  if (!address) return address.error();
  if (asks_for_keys || IsLoopbackOnly(listen_address)) return {};
  if (!settings.web.allow_unauthenticated) {
    return Error{
        fmt::format("refusing to listen on {}: whoever reaches it could change alerts, and there "
                    "are no keys to ask for. Make one with `tocsin keys create` or set "
                    "TOCSIN_API_KEYS, or listen on 127.0.0.1 behind a proxy, or say "
                    "tocsin.web.allow_unauthenticated: true",
                    listen_address)};
  }
  log.Warn("listening beyond this machine without authentication", {{"address", listen_address}});
  return {};
}

// How the last reload ended, for the metrics and the status API.
class ReloadBook {
 public:
  ReloadBook(MetricRegistry& metrics, Timestamp now)
      : successful_(GaugeFamily(metrics, "tocsin_config_last_reload_successful",
                                "Whether the last attempt to load the configuration succeeded.")
                        .Add({})),
        success_time_(GaugeFamily(metrics, "tocsin_config_last_reload_success_timestamp_seconds",
                                  "When the configuration that is in force was loaded.")
                          .Add({})) {
    Note(now, {});
  }

  void Note(Timestamp now, std::vector<std::string> problems) {
    auto status = std::make_shared<api::ReloadStatus>();
    status->successful = problems.empty();
    status->at = now;
    status->problems = std::move(problems);
    successful_.Set(status->successful ? 1 : 0);
    if (status->successful) success_time_.Set(ToUnixSeconds(now));
    status_.Publish(std::move(status));
  }
  // Any thread.
  api::ReloadStatus status() const { return *status_.Get(); }

 private:
  prometheus::Gauge& successful_;
  prometheus::Gauge& success_time_;
  Snapshot<api::ReloadStatus> status_;
};

class RuleGauges {
 public:
  explicit RuleGauges(MetricRegistry& metrics)
      : total_(GaugeFamily(metrics, "alerting_rules_total", "Rules that are loaded.").Add({})),
        enabled_(Family(metrics).Add({{"enabled", "true"}})),
        disabled_(Family(metrics).Add({{"enabled", "false"}})) {}

  void Show(const evaluator::RuleIndex& rules) {
    const auto is_enabled = [](const auto& rule) { return rule->enabled; };
    const auto all = static_cast<double>(rules.rules().size());
    const auto enabled =
        static_cast<double>(std::count_if(rules.rules().begin(), rules.rules().end(), is_enabled));
    total_.Set(all);
    enabled_.Set(enabled);
    disabled_.Set(all - enabled);
  }

 private:
  static prometheus::Family<prometheus::Gauge>& Family(MetricRegistry& metrics) {
    return GaugeFamily(metrics, "alerting_rules", "Rules that are loaded, by whether they run.");
  }
  prometheus::Gauge& total_;
  prometheus::Gauge& enabled_;
  prometheus::Gauge& disabled_;
};

void ShowBuild(MetricRegistry& metrics) {
  GaugeFamily(metrics, "tocsin_build_info", "Always 1; which Tocsin this is, by its labels.")
      .Add({{"version", std::string(Version())}, {"compiler", std::string(Compiler())}})
      .Set(1);
}

}  // namespace

// In the order of construction: what stands later may use what stands before.
struct App::Parts {
  Parts(const Options& o, StorageFolder s, MainQueue& q, const Clock& c, const Logger& l)
      : options(o), storage(std::move(s)), queue(q), clock(c), log(l) {}

  // New()
  Status OpenStore(const config::Settings& settings);
  Status BuildSecurity(const config::Settings& settings);
  Status OpenReceivers();
  void PreparePictures();
  void BuildPipeline(Configured configured);
  Status Restore();
  void BuildRoutes(const config::Settings& settings);
  Status Listen(const config::Settings& settings);

  // Start() and Reload()
  void ApplySources(const config::Settings& settings);
  void StartRounds();
  // The files of what is in force, and those of a configuration that was refused: mending one of
  // them is what the user does next.
  void Watch(const config::Loaded* refused = nullptr);
  void Swap(std::shared_ptr<const config::Settings> of_files, Configured next);
  // All that may fail of putting a configuration in force, with the receivers of the API.
  Result<Configured> Join(const std::shared_ptr<const config::Settings>& of_files,
                          const std::vector<config::ReceiverSettings>& of_api) const;
  Result<std::function<void()>> PrepareReceivers(
      const std::vector<config::ReceiverSettings>& of_api);
  std::vector<std::string> RulesNaming(const std::string& receiver) const;
  // Those of the files and of the API. The main thread.
  void ApplyRules();
  std::shared_ptr<const evaluator::RuleIndex> MakeRules() const;
  void RecordReload(const std::vector<std::string>& problems);
  void KeepHistory(Timestamp now);
  void AuditReload(const char* outcome, std::size_t problems);

  // for the API
  api::AlertingSources Sources();
  api::ReceiverTrialSources TrialSources();
  api::AlertmanagerSources AlertmanagerView();
  api::LoadedRules Rules() const { return *loaded_rules.Get(); }
  api::RuleSources RuleView();
  void PublishRules(std::shared_ptr<const evaluator::RuleIndex> rules);
  void PublishReceivers();
  api::DaemonStatus GatherStatus() const;
  MetricsPage Page();

  const Options options;
  const StorageFolder storage;
  MainQueue& queue;
  const Clock& clock;
  const Logger log;
  const Timestamp started = clock.Now();

  MetricRegistry metrics;
  ProcessMetrics process_metrics;
  ReloadBook reloads{metrics, started};
  RuleGauges rule_gauges{metrics};

  std::unique_ptr<StateStore> store;
  std::optional<security::AuditLog> audit;
  std::optional<security::KeyRing> keys;
  security::RateLimiter rate_limiter{clock};
  std::optional<security::AccessGuard> guard;
  std::unique_ptr<OnDemandHttpClient> http_client;
  std::unique_ptr<OnDemandMailClient> mail_client;
  TimerQueue timers{clock};
  std::optional<WorkerPool> pool;
  std::optional<WorkerPool> console_pool;
  std::optional<OnDemandExecutor> picture_executor;
  std::optional<receivers::Pictures> pictures;
  std::optional<receivers::ChannelContext> channel_context;

  // The main thread only: as the files say, and the same with the receivers of the API.
  std::shared_ptr<const config::Settings> file_settings;
  std::shared_ptr<const config::Settings> settings;
  std::atomic<std::int64_t> staleness_ms{0};
  Snapshot<config::HistorySettings> history;
  Snapshot<api::LoadedRules> loaded_rules;
  Snapshot<config::ReceiverNames> receiver_names;  // that rules may name
  Snapshot<api::ReceiverList> receiver_list;
  std::optional<RuleBook> rule_book;
  std::optional<security::KeySource> key_source;
  std::optional<ReceiverBook> receiver_book;

  std::optional<receivers::AlertStore> alerts;
  std::optional<receivers::Silences> silences;
  std::optional<receivers::AlertComments> comments;
  std::optional<receivers::Dispatcher> dispatcher;
  std::optional<AlertmanagerGauges> alertmanager_gauges;
  std::optional<receivers::NativeAlerts> native_alerts;
  evaluator::AlertBook book;
  std::optional<evaluator::Lifecycle> lifecycle;
  std::optional<evaluator::Engine> engine;
  std::optional<evaluator::SeriesStore> series;
  std::optional<MeasuredSink> sink;
  std::optional<AlertPictures> alert_pictures;

  std::optional<intake::PushStore> push_store;
  std::vector<std::unique_ptr<intake::Intake>> intakes;
  std::optional<scrape::ScrapeManager> scraper;
  std::optional<HostRounds> host;

  std::optional<api::RepeatableRequests> repeatable;
  std::optional<api::Acknowledgements> acknowledgements;
  std::optional<api::KnownAlerts> known_alerts;
  std::optional<api::AlertTalkApi> alert_talk_api;
  std::optional<api::AlertingApi> alerting_api;
  std::optional<api::RulesApi> rules_api;
  std::optional<api::ReceiversApi> receivers_api;
  std::optional<api::AlertmanagerApi> alertmanager_api;
  std::optional<api::HistoryApi> history_api;
  std::optional<api::DeliveryApi> delivery_api;
  std::optional<api::SecurityApi> security_api;
  http::Router router;
  http::Router extra_router;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> extra_server;
  std::atomic<bool> ready{false};
  const bool loopback_only = IsLoopbackOnly(options.listen_address);

  std::thread timer_thread;
  std::unique_ptr<Periodic> prune_rounds;
  std::unique_ptr<Periodic> history_rounds;
  std::unique_ptr<Periodic> self_rounds;
  std::unique_ptr<Periodic> security_rounds;
  std::unique_ptr<Periodic> resample_rounds;
  Duration resample_interval{0};
  std::unique_ptr<config::FileWatcher> watcher;
};

// ---- New

Status App::Parts::OpenStore(const config::Settings& opened) {
  Result<std::unique_ptr<StateStore>> result =
      OpenStateStore({opened.database_path, opened.postgres}, options.storage_path,
                     evaluator::StoreRole::kDaemon, clock, log.Named("store"), metrics);
  if (!result) return result.error();
  store = *std::move(result);
  rule_book.emplace(
      *store, queue, clock, RandomUuid, [this] { ApplyRules(); }, log.Named("rules"));
  return rule_book->Restore();
}

Status App::Parts::BuildSecurity(const config::Settings& secured) {
  audit.emplace(*store, clock, log.Named("audit"), metrics);
  if (Status restored = audit->Restore(); !restored) return restored;
  keys.emplace(*store, *audit, clock, log.Named("keys"));
  if (Status restored = keys->Restore(); !restored) return restored;
  keys->SetEnvironment(secured.api_keys);
  rate_limiter.Apply(secured.web.rate_limit);
  guard.emplace(*keys, rate_limiter, *audit, clock, metrics);
  return {};
}

// REQUIRES: file_settings.
Status App::Parts::OpenReceivers() {
  key_source.emplace(config::ProcessEnvironment(), file_settings->security.encryption_key_file,
                     options.storage_path);
  receiver_book.emplace(
      *store, queue, clock, *key_source,
      ReceiverBook::House{
          [this]() -> const config::Settings& { return *file_settings; },
          [this](const ReceiverBook::Receivers& of_api) { return PrepareReceivers(of_api); },
          [this](const std::string& receiver) { return RulesNaming(receiver); }},
      log.Named("receivers"), metrics);
  return receiver_book->Restore();
}

// Nothing is drawn before the pipeline stands.
void App::Parts::PreparePictures() {
  picture_executor.emplace(kPictureCapacity);
  pictures.emplace([this](const Alert& alert) { return alert_pictures->Draw(alert); },
                   *picture_executor, clock,
                   [picture_log = log.Named("pictures")](const std::string& why) {
                     picture_log.Warn("messages go without their picture", {{"err", why}});
                   },
                   metrics);
}

void App::Parts::BuildPipeline(Configured configured) {
  settings = configured.settings;
  staleness_ms = settings->staleness.count();
  history.Publish(std::make_shared<const config::HistorySettings>(settings->history));

  receivers::AlertStoreOptions alert_options;
  alert_options.max_alerts = settings->max_alerts;
  alert_options.record_events = true;
  alerts.emplace(metrics, alert_options);
  silences.emplace(receivers::SilenceLimits(), *store, RandomUuid, /*metrics=*/nullptr,
                   /*record_events=*/true);
  comments.emplace(*store, log.Named("comments"));
  repeatable.emplace(*store, clock, log.Named("api"));
  receivers::DispatcherOptions dispatcher_options;
  dispatcher_options.with_outbox = true;
  dispatcher.emplace(dispatcher_options, std::move(configured.graph), *alerts, *silences, *store,
                     clock, RandomNumbers(), log.Named("dispatcher"), metrics);
  dispatcher->UseExternalUrl(settings->web.external_url);
  alertmanager_gauges.emplace(*alerts, *silences, *dispatcher, clock);
  native_alerts.emplace(*dispatcher, settings->web.external_url, metrics);
  evaluator::LifecycleOptions lifecycle_options;
  lifecycle_options.staleness = settings->staleness;
  lifecycle.emplace(lifecycle_options, book, *store, *native_alerts, RandomUuid,
                    log.Named("lifecycle"), metrics);
  engine.emplace(*lifecycle, clock);
  series.emplace(evaluator::StoreLimits{settings->series.max_series, settings->series.retention},
                 *engine, metrics);
  sink.emplace(*series, clock, metrics);
  alert_pictures.emplace(*series, clock);

  const intake::Context context{
      *sink,
      *store,
      clock,
      log.Named("intake"),
      metrics,
      [this](const http::Request& request, std::size_t samples, http::ErrorStyle errors) {
        return guard->TakeSamples(request, samples, errors);
      }};
  push_store.emplace(context);
  intakes = intake::MakeIntakes(context, *push_store);
  scraper.emplace(*sink, *http_client, timers, *pool, clock, log.Named("scrape"), metrics);
  host.emplace(*sink, timers, *pool, clock, log.Named("host"), metrics);

  std::shared_ptr<const evaluator::RuleIndex> rules = MakeRules();
  series->SetWatchMaker(rules, started);
  PublishRules(std::move(rules));
  PublishReceivers();
}

Status App::Parts::Restore() {
  if (Status restored = silences->Restore(); !restored) return restored;
  if (Status restored = comments->Restore(); !restored) return restored;
  if (Status restored = repeatable->Restore(); !restored) return restored;
  if (Status restored = alerts->Restore(*store, log.Named("alerts")); !restored) return restored;
  if (Status restored = dispatcher->Restore(); !restored) return restored;
  if (Status restored = lifecycle->Restore(started); !restored) return restored;
  lifecycle->ApplyRules(Rules().index, settings->staleness, started);
  return push_store->Restore();
}

// The listener for scrapes first: once the main one answers, a request may wait for the engine, so
// nothing may fail any more before that runs.
Status App::Parts::Listen(const config::Settings& listening) {
  if (Status safe = CheckExposure(options.listen_address, listening, keys->asks(), log); !safe)
    return safe;
  if (listening.extra_metrics_port) {
    http::ServerOptions extra_options;
    extra_options.listen_address = fmt::format("127.0.0.1:{}", *listening.extra_metrics_port);
    extra_options.workers = 4;  // scrapers come one at a time
    extra_options.spare_threads = 16;
    Result<std::unique_ptr<http::Server>> metrics_server =
        http::StartCivetwebServer(extra_options, extra_router, log.Named("http"), metrics);
    if (!metrics_server) return Error{fmt::format("PROMETHEUS_PORT: {}", metrics_server.message())};
    extra_server = *std::move(metrics_server);
  }
  http::ServerOptions server_options;
  server_options.listen_address = options.listen_address;
  server_options.workers = listening.web.workers;
  server_options.trusted_proxies = listening.web.trusted_proxies;
  server_options.spare_threads = kSpareThreads;
  Result<std::unique_ptr<http::Server>> main_server =
      http::StartCivetwebServer(server_options, router, log.Named("http"), metrics);
  if (!main_server) return main_server.error();
  server = *std::move(main_server);
  return {};
}

Result<std::unique_ptr<App>> App::New(const Options& options,
                                      const std::shared_ptr<const config::Settings>& settings,
                                      MainQueue& queue, const Clock& clock, const Logger& log) {
  Result<StorageFolder> storage = StorageFolder::Open(options.storage_path);
  if (!storage) return storage.error();
  auto parts = std::make_unique<Parts>(options, *std::move(storage), queue, clock, log);
  parts->storage.RemoveFile("address");  // an earlier process's
  ShowBuild(parts->metrics);
  if (Status opened = parts->OpenStore(*settings); !opened) return opened.error();
  if (Status built = parts->BuildSecurity(*settings); !built) return built.error();
  parts->file_settings = settings;
  if (Status opened = parts->OpenReceivers(); !opened) return opened.error();

  parts->http_client =
      std::make_unique<OnDemandHttpClient>([client_log = log.Named("http_client")] {
        return MakeCurlHttpClient(fmt::format("Tocsin/{}", Version()), client_log);
      });
  parts->pool.emplace(kPoolThreads, kPoolCapacity);
  parts->console_pool.emplace(1, kConsoleCapacity);
  parts->PreparePictures();
  parts->mail_client = std::make_unique<OnDemandMailClient>(
      [client_log = log.Named("mail_client")] { return MakeCurlMailClient(client_log); });
  parts->channel_context.emplace(
      receivers::ChannelContext{*parts->http_client, *parts->mail_client, clock, parts->metrics,
                                [](std::string_view text, Duration timeout) {
                                  return receivers::WriteToDescriptor(STDOUT_FILENO, text, timeout);
                                },
                                *parts->console_pool, HostName(), nullptr, &*parts->pictures});

  Result<Configured> configured = parts->Join(settings, parts->receiver_book->receivers());
  if (!configured) return configured.error();
  parts->BuildPipeline(*std::move(configured));
  if (Status restored = parts->Restore(); !restored) return restored.error();
  parts->BuildRoutes(*settings);
  if (Status listening = parts->Listen(*settings); !listening) return listening.error();
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

App::~App() { Stop(); }

// ---- routes

void App::Parts::BuildRoutes(const config::Settings& served) {
  const auto add = [this, &served](http::Route route) {
    router.Add(
        http::GuardOrigin(repeatable->Remember(std::move(route)), served.web.allowed_origins));
  };
  http::Handler submit_metric;
  for (const auto& intake : intakes) {
    for (http::Route& route : intake->Routes()) {
      if (route.pattern == kSubmitMetric) submit_metric = route.handler;
      add(std::move(route));
    }
  }
  acknowledgements.emplace(book, *engine, *alerts, *dispatcher->acknowledgements(), clock);
  known_alerts.emplace(
      book, *alerts, *dispatcher->acknowledgements(), *silences,
      [this](LabelsView labels, Timestamp now) {
        return !dispatcher->graph()->inhibitor.MutedBy(labels, now).empty();
      },
      clock);
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
  delivery_api.emplace(book, *alerts, *silences, *dispatcher, clock);
  for (http::Route& route : delivery_api->Routes()) add(std::move(route));
  for (http::Route& route : api::ReceiverTrialRoutes(TrialSources())) add(std::move(route));
  alertmanager_api.emplace(AlertmanagerView());
  for (http::Route& route : alertmanager_api->Routes("")) add(std::move(route));
  security_api.emplace(*keys, *audit, clock);
  for (http::Route& route : security_api->Routes()) add(std::move(route));
  add(api::OverviewRoute(Sources()));
  const auto metrics_route = [this, &served] {
    http::Route route = MetricsRoute(Page());
    route.access = served.web.public_metrics ? http::Access::kOpen : http::Access::kRead;
    return route;
  };
  add(metrics_route());
  extra_router.Add(metrics_route());
  guard->Guard(&router);
  guard->Guard(&extra_router);
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
  return {rule_book->Commands(), [this] { return Rules(); },
          [this] { return receiver_names.Get(); },
          [this] { return Duration(staleness_ms.load()); }};
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
  return {{&metrics, &process_metrics, &*series, &*alertmanager_gauges},
          *push_store,
          *series,
          clock,
          [this] { return Duration(staleness_ms.load()); },
          metrics};
}

void App::Parts::PublishRules(std::shared_ptr<const evaluator::RuleIndex> rules) {
  rule_gauges.Show(*rules);
  loaded_rules.Publish(std::make_shared<const api::LoadedRules>(api::LoadedRules{
      std::move(rules), clock.Now(),
      std::make_shared<const evaluator::ManagedRules::ById>(rule_book->managed())}));
}

void App::Parts::PublishReceivers() {
  receiver_names.Publish(
      std::make_shared<const config::ReceiverNames>(config::NamesForRules(*settings)));
  receiver_list.Publish(std::make_shared<const api::ReceiverList>(receiver_book->List(*settings)));
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
  if (!keys->asks()) status.warnings = ExposureWarnings(options.listen_address, loopback_only);
  status.host_collector_enabled = host->enabled();
  status.host_collector_healthy = host->healthy();
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

// ---- Start

void App::Start() {
  Parts& p = *parts_;
  p.dispatcher->Start();
  p.engine->Start([dispatcher = &*p.dispatcher] { dispatcher->EngineRestored(); });
  p.timer_thread = std::thread([&p] { p.timers.Run(); });
  p.push_store->Resample(p.clock.Now());
  p.StartRounds();
  p.ApplySources(*p.settings);
  p.watcher = std::make_unique<config::FileWatcher>(
      [&queue = p.queue] { queue.AskReload("a configuration file has changed"); },
      p.log.Named("config"));
  p.Watch();
  p.ready = true;
  p.log.Info("listening", {{"address", p.server->address()}, {"version", Version()}});
  if (p.extra_server != nullptr) {
    p.log.Info("listening for scrapes of /metrics too", {{"address", p.extra_server->address()}});
  }
  // Last: whoever waits for the file finds a daemon that is ready.
  const Status written = p.storage.WriteFile("address", p.server->address() + "\n");
  if (!written) p.log.Warn("cannot say where the daemon listens", {{"err", written.message()}});
}

void App::Parts::KeepHistory(Timestamp now) {
  silences->RecordEnds(now);
  comments->ForgetUnless(
      [this](const std::string& alert_id) { return known_alerts->Find(alert_id).has_value(); });
  repeatable->Tend(now);
  const std::shared_ptr<const config::HistorySettings> kept = history.Get();
  store->PruneEvents(now - kept->retention, kept->max_events);
}

void App::Parts::StartRounds() {
  history_rounds = std::make_unique<Periodic>(timers, *pool, clock, kPruneInterval,
                                              [this](Timestamp now) { KeepHistory(now); });
  prune_rounds = std::make_unique<Periodic>(timers, *pool, clock, kPruneInterval,
                                            [this](Timestamp now) { series->Prune(now); });
  security_rounds =
      std::make_unique<Periodic>(timers, *pool, clock, kKeysInterval, [this](Timestamp now) {
        keys->Tend(now);
        audit->Tend(now);
        if (!key_source->HasChanged()) return;
        // Where the daemon stops, the next one takes them.
        static_cast<void>(queue.RunAndWait([this] { receiver_book->RefreshKeys(); }));
      });
  self_rounds = std::make_unique<Periodic>(
      timers, *pool, clock, kSelfInterval, [this, instance = server->address()](Timestamp now) {
        series->Append(CollectSelf({&metrics, &process_metrics, &*series}, instance, now), now);
      });
}

// What brings samples in by itself.
void App::Parts::ApplySources(const config::Settings& next) {
  const Duration interval = ResampleInterval(next);
  if (interval != resample_interval) {
    resample_interval = interval;
    resample_rounds.reset();
    resample_rounds = std::make_unique<Periodic>(
        timers, *pool, clock, interval, [this](Timestamp now) { push_store->Resample(now); });
  }
  if (NeedsHttpClient(next)) http_client->Prepare();
  host->Apply(next.host);
  scraper->Apply(next.scrape_jobs, next.external_labels);
}

void App::Parts::Watch(const config::Loaded* refused) {
  std::vector<std::string> files = settings->files_read;
  std::vector<std::string> patterns = settings->patterns_read;
  if (refused != nullptr) {
    files.insert(files.end(), refused->files.begin(), refused->files.end());
    patterns.insert(patterns.end(), refused->patterns.begin(), refused->patterns.end());
  }
  watcher->Watch(std::move(files), std::move(patterns));
}

// ---- Reload

Status App::Reload() {
  Parts& p = *parts_;
  const Logger log = p.log.Named("config");
  const config::Loaded loaded = LoadDaemonConfig(p.options.config_file, p.clock);
  LogDiagnostics(loaded.diagnostics, log);
  std::vector<std::string> problems = ErrorTexts(loaded.diagnostics);
  std::optional<Configured> next;
  if (loaded.settings != nullptr) {
    Result<Configured> built = p.Join(loaded.settings, p.receiver_book->receivers());
    if (built) {
      next = *std::move(built);
    } else {
      log.Error(built.message());
      problems.push_back(built.message());
    }
  }
  if (!next) {
    log.Error("the configuration is not reloaded: what was in force stays",
              {{"problems", problems.size()}});
    p.AuditReload("failed", problems.size());
    std::string text = fmt::format("{}", fmt::join(problems, "\n"));
    p.RecordReload(problems);
    p.reloads.Note(p.clock.Now(), std::move(problems));
    p.Watch(&loaded);
    return Error{std::move(text)};
  }
  p.Swap(loaded.settings, *std::move(next));
  p.RecordReload({});
  p.AuditReload("done", 0);
  p.reloads.Note(p.clock.Now(), {});
  log.Info("configuration reloaded",
           {{"rules", p.settings->rules.size()}, {"receivers", p.settings->receivers.size()}});
  return {};
}

// None of this can fail.
void App::Parts::Swap(std::shared_ptr<const config::Settings> of_files, Configured next) {
  for (const std::string& key : NeedRestart(*settings, *next.settings)) {
    log.Named("config").Warn("this setting takes effect after a restart", {{"key", key}});
  }
  file_settings = std::move(of_files);
  settings = next.settings;
  staleness_ms = settings->staleness.count();
  history.Publish(std::make_shared<const config::HistorySettings>(settings->history));
  keys->SetEnvironment(settings->api_keys);
  rate_limiter.Apply(settings->web.rate_limit);
  dispatcher->Apply(std::move(next.graph));
  series->SetLimits({settings->series.max_series, settings->series.retention});
  ApplyRules();
  PublishReceivers();
  ApplySources(*settings);
  Watch();
}

Result<Configured> App::Parts::Join(const std::shared_ptr<const config::Settings>& of_files,
                                    const std::vector<config::ReceiverSettings>& of_api) const {
  Result<std::shared_ptr<const config::Settings>> joined = WithApiReceivers(of_files, of_api);
  if (!joined) return joined.error();
  return BuildConfigured(*std::move(joined), *channel_context);
}

Result<std::function<void()>> App::Parts::PrepareReceivers(
    const std::vector<config::ReceiverSettings>& of_api) {
  Result<Configured> next = Join(file_settings, of_api);
  if (!next) return next.error();
  return std::function<void()>([this, next = *std::move(next)] {
    settings = next.settings;
    dispatcher->Apply(next.graph);
    if (NeedsHttpClient(*settings)) http_client->Prepare();
    PublishReceivers();
  });
}

std::vector<std::string> App::Parts::RulesNaming(const std::string& receiver) const {
  std::vector<std::string> names;
  for (const auto& rule : Rules().index->rules()) {
    const std::vector<std::string>& channels = rule->notification_channels;
    if (std::find(channels.begin(), channels.end(), receiver) != channels.end()) {
      names.push_back(rule->name);
    }
  }
  return names;
}

void App::Parts::RecordReload(const std::vector<std::string>& problems) {
  Event event;
  event.at = clock.Now();
  if (problems.empty()) {
    event.type = "config.reloaded";
    event.body = JsonRow()
                     .Count("rules", settings->rules.size())
                     .Count("receivers", settings->receivers.size())
                     .Finish();
  } else {
    event.type = "config.reload_failed";
    event.body = JsonRow().Texts("problems", problems).Finish();
  }
  WriteBatch batch;
  batch.Record(std::move(event));
  store->Submit(std::move(batch), nullptr);
}

// First to the state machine, which ends the alerts of what has changed, then to the series, which
// judge their newest samples anew.
void App::Parts::ApplyRules() {
  std::shared_ptr<const evaluator::RuleIndex> rules = MakeRules();
  engine->ApplyRules(rules, settings->staleness);
  series->SetWatchMaker(rules, clock.Now());
  PublishRules(std::move(rules));
}

std::shared_ptr<const evaluator::RuleIndex> App::Parts::MakeRules() const {
  return std::make_shared<const evaluator::RuleIndex>(rule_book->Combined(settings->rules),
                                                      settings->staleness);
}

// Who asked for it over HTTP stands in an entry of the request.
void App::Parts::AuditReload(const char* outcome, std::size_t problems) {
  security::AuditRecord record;
  record.actor = "tocsin";
  record.action = "config.reload";
  record.target = options.config_file;
  record.after = fmt::format(R"({{"rules":{},"receivers":{},"problems":{}}})",
                             settings->rules.size(), settings->receivers.size(), problems);
  record.outcome = outcome;
  audit->Append(record);
}

// ---- Stop

void App::Stop() {
  if (parts_ == nullptr) return;
  Parts& p = *parts_;
  p.ready = false;
  p.watcher.reset();
  p.server->Stop();
  if (p.extra_server != nullptr) p.extra_server->Stop();
  p.storage.RemoveFile("address");
  p.keys->Close();
  p.audit->Close();

  p.scraper->Stop();
  p.host->Stop();
  p.resample_rounds.reset();
  p.self_rounds.reset();
  p.security_rounds.reset();
  p.prune_rounds.reset();
  p.history_rounds.reset();
  p.timers.Stop();
  if (p.timer_thread.joinable()) p.timer_thread.join();
  p.pool.reset();

  p.engine->Stop();
  p.dispatcher->Stop(kDrainTime);
  // What waits there still sends.
  p.picture_executor.reset();
  // Ends what is still under way; channels hear of it while they still exist.
  p.http_client.reset();
  p.mail_client.reset();
  p.console_pool.reset();
  p.log.Info("stopped");
  parts_.reset();
}

}  // namespace tocsin::daemon
