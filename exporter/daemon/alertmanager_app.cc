#include "exporter/daemon/alertmanager_app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <optional>
#include <utility>

#include "base/host_name.h"
#include "base/http_client.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "base/text.h"
#include "base/uuid.h"
#include "base/worker_pool.h"
#include "config/alertmanager_file.h"
#include "config/alertmanager_print.h"
#include "config/environment.h"
#include "config/files.h"
#include "config/watcher.h"
#include "evaluator/persist/sqlite_database.h"
#include "exporter/api/admin_api.h"
#include "exporter/api/alertmanager_api.h"
#include "exporter/api/alertmanager_gate.h"
#include "exporter/api/alertmanager_overview.h"
#include "exporter/api/web_guard.h"
#include "exporter/daemon/alertmanager_gauges.h"
#include "exporter/daemon/config_log.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/on_demand_clients.h"
#include "exporter/daemon/process_metrics.h"
#include "exporter/daemon/random_numbers.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/daemon/version.h"
#include "exporter/exposition/page.h"
#include "exporter/exposition/registry_families.h"
#include "exporter/http/civetweb_server.h"
#include "receivers/channels/console_writer.h"
#include "receivers/dispatcher.h"

namespace tocsin::daemon {
namespace {

constexpr const char* kDatabase = "alertmanager.db";
constexpr std::size_t kStrictConsoleCapacity = 1'000;
constexpr std::size_t kStrictSpareThreads = 256;

// The path of a URL without a slash at its end; empty where there is none.
std::string PathOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  std::string path(slash == std::string_view::npos ? std::string_view() : url.substr(slash));
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path;
}

// "/alertmanager", or empty.
std::string RoutePrefix(const AlertmanagerOptions& options) {
  std::string prefix =
      options.route_prefix.empty() ? PathOf(options.external_url) : options.route_prefix;
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  while (!prefix.empty() && prefix.front() == '/') prefix.erase(0, 1);
  return prefix.empty() ? prefix : "/" + prefix;
}

// `listening` is an address with the port that was really bound.
std::string ExternalUrl(const AlertmanagerOptions& options, const std::string& listening) {
  if (!options.external_url.empty()) {
    std::string url = options.external_url;
    while (!url.empty() && url.back() == '/') url.pop_back();
    return url;
  }
  return fmt::format("http://{}:{}", HostName(), listening.substr(listening.rfind(':') + 1));
}

http::Route MetricsRoute(const std::vector<const prometheus::Collectable*>& own) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/metrics";
  std::vector<exposition::FamilySource> sources;
  for (const prometheus::Collectable* one : own) {
    sources.emplace_back([one] { return exposition::CollectFamilies(*one); });
  }
  route.handler = [sources = std::move(sources)](const http::Request& request) {
    return exposition::RenderPage(sources, request, [](exposition::Dropped, std::size_t) {});
  };
  return route;
}

// Who asks for `/` means the page below the prefix.
http::Route ToThePrefix(const std::string& prefix) {
  http::Route route;
  route.method = "GET";
  route.pattern = "/";
  route.handler = [location = prefix + "/"](const http::Request&) {
    http::Response response;
    response.status = 302;
    response.content_type.clear();
    response.headers.emplace_back("Location", location);
    return response;
  };
  return route;
}

http::Route GoneRoute(const char* method) {
  http::Route route;
  route.method = method;
  route.pattern = "/api/v1/**";
  route.handler = [](const http::Request&) {
    http::Response response;
    response.status = 410;
    response.content_type = "application/json";
    response.body =
        R"({"status":"deprecated","error":"The Alertmanager v1 API was removed; use /api/v2"})"
        "\n";
    return response;
  };
  return route;
}

}  // namespace

config::LoadedAlertmanager LoadAlertmanagerConfig(const AlertmanagerOptions& options,
                                                  const Clock& clock) {
  config::AlertmanagerFileOptions file_options =
      HowToReadAlertmanagerFiles(options.expand_env, clock);
  file_options.dialect = options.dialect;
  file_options.retention = options.data_retention;
  config::DiskFiles files;
  return config::LoadAlertmanagerFile(options.config_file, file_options, files);
}

// In the order of construction: what stands later may use what stands before.
struct AlertmanagerApp::Parts {
  Parts(const AlertmanagerOptions& o, const Settings& settings, StorageFolder s, MainQueue& q,
        const Clock& c, const Logger& l)
      : options(o), storage(std::move(s)), queue(q), clock(c), log(l), web_guard(settings.web) {}

  Status OpenStore();
  Status Restore();
  void WarnOfWhatHasNoEffect() const;
  void BuildPipeline(receivers::PipelineGraphPtr graph);
  void BuildRoutes();
  void AddRoute(http::Route route);
  Status Listen();
  api::AlertmanagerSources Sources();
  void WatchWebConfig();

  const AlertmanagerOptions options;
  const std::string prefix = RoutePrefix(options);
  const StorageFolder storage;
  MainQueue& queue;
  const Clock& clock;
  const Logger log;
  const Timestamp started = clock.Now();

  MetricRegistry metrics;
  ProcessMetrics process_metrics;
  AlertmanagerConfigMetrics config_metrics{metrics, options.reported_version,
                                           !options.cluster_listen_address.empty()};
  receivers::StateMetrics silence_metrics{metrics, "alertmanager_silences"};

  std::unique_ptr<StateStore> store;
  std::unique_ptr<OnDemandHttpClient> http_client;
  std::unique_ptr<OnDemandMailClient> mail_client;
  std::optional<WorkerPool> console_pool;
  std::optional<receivers::ChannelContext> channel_context;

  std::optional<receivers::AlertStore> alerts;
  std::optional<receivers::Silences> silences;
  std::optional<receivers::Dispatcher> dispatcher;
  std::optional<AlertmanagerGauges> gauges;

  std::optional<api::AlertmanagerApi> api;
  api::WebGuard web_guard;
  api::AlertmanagerGate gate{{options.get_concurrency, options.web_timeout}, metrics};
  http::Router router;
  std::vector<std::unique_ptr<http::Server>> servers;
  std::unique_ptr<config::FileWatcher> web_watcher;
  std::atomic<bool> ready{false};
};

// ---- New

Status AlertmanagerApp::Parts::OpenStore() {
  Result<std::unique_ptr<StateStore>> opened = evaluator::OpenSqliteStore(
      storage.Path(kDatabase), evaluator::StoreRole::kDaemon, clock, log.Named("store"), metrics);
  if (!opened) return opened.error();
  store = *std::move(opened);
  return {};
}

void AlertmanagerApp::Parts::BuildPipeline(receivers::PipelineGraphPtr graph) {
  config_metrics.Show(*graph, clock.Now());
  alerts.emplace(metrics,
                 receivers::AlertStoreOptions{options.alerts_per_alertname,
                                              options.alert_names_in_metrics, options.max_alerts});
  silences.emplace(receivers::SilenceLimits{options.max_silences, options.max_silence_size_bytes,
                                            options.data_retention},
                   *store, RandomUuid, &silence_metrics);
  if (options.log_silences) silences->LogChanges(log.Named("silences"));
  receivers::DispatcherOptions dispatcher_options;
  dispatcher_options.dispatch.every_type_in_metrics = true;
  dispatcher_options.dispatch.start_delay = options.start_delay;
  dispatcher_options.dispatch.retention = options.data_retention;
  dispatcher_options.dispatch.receiver_name_in_metrics = options.receiver_name_in_metrics;
  dispatcher_options.maintenance_interval = options.maintenance_interval;
  dispatcher_options.alert_gc_interval = options.alerts_gc_interval;
  dispatcher.emplace(dispatcher_options, std::move(graph), *alerts, *silences, *store, clock,
                     RandomNumbers(), log.Named("dispatcher"), metrics);
  gauges.emplace(*alerts, *silences, *dispatcher, clock, options.group_key_in_metrics);
}

Status AlertmanagerApp::Parts::Restore() {
  if (Status restored = silences->Restore(); !restored) return restored;
  Status alerts_restored = options.persist_alerts ? alerts->Restore(*store, log.Named("alerts"))
                                                  : receivers::AlertStore::Discard(*store);
  if (!alerts_restored) return alerts_restored;
  return dispatcher->Restore();
}

api::AlertmanagerSources AlertmanagerApp::Parts::Sources() {
  api::AlertmanagerIdentity identity;
  identity.version = options.reported_version;
  identity.revision = fmt::format("tocsin-{}", Version());
  identity.started = started;
  identity.clustered = !options.cluster_listen_address.empty();
  identity.peer_name = RandomUuid();
  identity.peer_address = options.cluster_listen_address;
  return {*alerts,
          *silences,
          *dispatcher,
          clock,
          metrics,
          options.dialect,
          std::move(identity),
          [this] { return config::PrintAlertmanagerConfig(*dispatcher->graph()->settings); }};
}

// The pattern comes without the prefix.
void AlertmanagerApp::Parts::AddRoute(http::Route route) {
  const std::string label = route.pattern;
  route.pattern = label == "/" && !prefix.empty() ? prefix : prefix + label;
  router.Add(gate.Guard(std::move(route), label));
}

void AlertmanagerApp::Parts::BuildRoutes() {
  const api::AlertmanagerSources sources = Sources();
  api.emplace(sources);
  for (http::Route& route : api->Routes(prefix)) {
    route.pattern.erase(0, prefix.size());
    AddRoute(std::move(route));
  }
  router.FinishBelow(prefix + "/api", api::AllowEveryOrigin);
  for (http::Route& route :
       api::AdminRoutes({[this] { return ready.load(); },
                         [this] { return queue.ReloadAndWait("/-/reload"); }})) {
    AddRoute(std::move(route));
  }
  for (const char* method : {"GET", "POST", "PUT", "DELETE", "OPTIONS"}) {
    AddRoute(GoneRoute(method));
  }
  AddRoute(api::AlertmanagerOverviewRoute(sources, [this] { return store->Trouble(); }));
  if (!prefix.empty()) router.Add(ToThePrefix(prefix));
  AddRoute(MetricsRoute({&metrics, &process_metrics, &*gauges}));
  web_guard.Guard(&router);
}

Status AlertmanagerApp::Parts::Listen() {
  for (const std::string& address : options.listen_addresses) {
    http::ServerOptions server_options;
    server_options.listen_address = address;
    // Senders post again every minute, over the connection they have: Go's clients keep one for 90
    // seconds, and not all clients notice that it was closed.
    server_options.spare_threads = kStrictSpareThreads;
    Result<std::unique_ptr<http::Server>> server =
        http::StartCivetwebServer(server_options, router, log.Named("http"), metrics);
    if (!server) return server.error();
    if (!web_guard.asks_for_passwords() && !address.starts_with("127.") &&
        !address.starts_with("localhost:")) {
      log.Warn("listening beyond this machine without authentication", {{"address", address}});
    }
    servers.push_back(*std::move(server));
  }
  dispatcher->UseExternalUrl(ExternalUrl(options, servers.front()->address()));
  return {};
}

Result<std::unique_ptr<AlertmanagerApp>> AlertmanagerApp::New(const AlertmanagerOptions& options,
                                                              const Settings& settings,
                                                              MainQueue& queue, const Clock& clock,
                                                              const Logger& log) {
  Result<StorageFolder> storage = StorageFolder::Open(options.storage_path);
  if (!storage) return storage.error();
  auto parts = std::make_unique<Parts>(options, settings, *std::move(storage), queue, clock, log);
  parts->storage.RemoveFile("address");  // an earlier process's
  if (Status opened = parts->OpenStore(); !opened) return opened.error();
  parts->http_client =
      std::make_unique<OnDemandHttpClient>([&options, client_log = log.Named("http_client")] {
        return MakeCurlHttpClient(fmt::format("Alertmanager/{}", options.reported_version),
                                  client_log);
      });
  parts->console_pool.emplace(1, kStrictConsoleCapacity);
  parts->mail_client = std::make_unique<OnDemandMailClient>(
      [client_log = log.Named("mail_client")] { return MakeCurlMailClient(client_log); });
  parts->channel_context.emplace(
      receivers::ChannelContext{*parts->http_client, *parts->mail_client, clock, parts->metrics,
                                [](std::string_view text, Duration timeout) {
                                  return receivers::WriteToDescriptor(STDOUT_FILENO, text, timeout);
                                },
                                *parts->console_pool, HostName()});
  Result<receivers::PipelineGraphPtr> graph =
      receivers::BuildPipelineGraph(settings.alertmanager, *parts->channel_context);
  if (!graph) return graph.error();
  parts->http_client->Prepare();
  parts->BuildPipeline(*std::move(graph));
  if (Status restored = parts->Restore(); !restored) return restored.error();
  parts->BuildRoutes();
  if (Status listening = parts->Listen(); !listening) return listening.error();
  return std::unique_ptr<AlertmanagerApp>(new AlertmanagerApp(std::move(parts)));
}

AlertmanagerApp::AlertmanagerApp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

AlertmanagerApp::~AlertmanagerApp() { Stop(); }

// ---- Start

void AlertmanagerApp::Parts::WarnOfWhatHasNoEffect() const {
  if (!options.cluster_peers.empty()) {
    log.Warn(
        "--cluster.peer is accepted, but peers do not replicate: each instance has silences "
        "and a notification log of its own, and will notify by itself");
  }
  for (const std::string& feature : options.features_without_effect) {
    log.Warn("a feature is accepted, but has no effect", {{"feature", feature}});
  }
  if (config::ProcessEnvironment()("TOCSIN_API_KEYS")) {
    log.Warn(
        "TOCSIN_API_KEYS is the full daemon's and has no effect here; --web.config.file says who "
        "may "
        "ask, as Alertmanager's does");
  }
}

void AlertmanagerApp::Start() {
  Parts& p = *parts_;
  p.WarnOfWhatHasNoEffect();
  p.dispatcher->Start();
  p.WatchWebConfig();
  p.ready = true;
  for (const auto& server : p.servers) {
    p.log.Info("listening", {{"address", server->address()}, {"version", Version()}});
  }
  // Last: whoever waits for the file finds a daemon that is ready.
  const Status written = p.storage.WriteFile("address", p.servers.front()->address() + "\n");
  if (!written) p.log.Warn("cannot say where the daemon listens", {{"err", written.message()}});
}

// The watcher waits until a change is complete: a file that is being written may for a moment be
// one without users.
void AlertmanagerApp::Parts::WatchWebConfig() {
  if (options.web_config_file.empty()) return;
  web_watcher = std::make_unique<config::FileWatcher>(
      [this] {
        const Logger config_log = log.Named("config");
        const config::LoadedWebFile loaded = LoadWebConfig(options.web_config_file);
        LogDiagnostics(loaded.diagnostics, config_log);
        if (loaded.settings == nullptr) {
          config_log.Error("the web configuration is not reloaded: what was in force stays");
          return;
        }
        web_guard.Apply(loaded.settings);
        config_log.Info("web configuration reloaded", {{"file", options.web_config_file}});
      },
      log.Named("config"));
  web_watcher->Watch({options.web_config_file}, {});
}

// ---- Reload

Status AlertmanagerApp::Reload() {
  Parts& p = *parts_;
  const Logger log = p.log.Named("config");
  const config::LoadedAlertmanager loaded = LoadAlertmanagerConfig(p.options, p.clock);
  LogDiagnostics(loaded.diagnostics, log);
  std::vector<std::string> problems = ErrorTexts(loaded.diagnostics);
  receivers::PipelineGraphPtr next;
  if (loaded.settings != nullptr) {
    Result<receivers::PipelineGraphPtr> graph =
        receivers::BuildPipelineGraph(loaded.settings, *p.channel_context);
    if (graph) {
      next = *std::move(graph);
    } else {
      log.Error(graph.message());
      problems.push_back(graph.message());
    }
  }
  // Last, so that what the watcher reads meanwhile is not older.
  const config::LoadedWebFile web = LoadWebConfig(p.options.web_config_file);
  LogDiagnostics(web.diagnostics, log);
  for (std::string& problem : ErrorTexts(web.diagnostics)) problems.push_back(std::move(problem));
  if (next != nullptr && web.settings != nullptr) {
    p.web_guard.Apply(web.settings);
    p.config_metrics.Show(*next, p.clock.Now());
    p.dispatcher->Apply(std::move(next));
    log.Info("configuration reloaded", {{"file", p.options.config_file}});
    return {};
  }
  p.config_metrics.ShowFailure();
  log.Error("the configuration is not reloaded: what was in force stays",
            {{"problems", problems.size()}});
  return Error{fmt::format("{}", fmt::join(problems, "\n"))};
}

// ---- Stop

void AlertmanagerApp::Stop() {
  if (parts_ == nullptr) return;
  Parts& p = *parts_;
  p.ready = false;
  p.web_watcher.reset();
  // First the dispatcher, so that no request waits for it while its server ends.
  p.dispatcher->Stop();
  for (const auto& server : p.servers) server->Stop();
  p.storage.RemoveFile("address");
  // Ends what is still under way; channels hear of it while they still exist.
  p.http_client.reset();
  p.mail_client.reset();
  p.console_pool.reset();
  p.log.Info("stopped");
  parts_.reset();
}

}  // namespace tocsin::daemon
