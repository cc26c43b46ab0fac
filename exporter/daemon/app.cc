#include "exporter/daemon/app.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/host_name.h"
#include "base/http_client.h"
#include "base/uuid.h"
#include "exporter/daemon/app_parts.h"
#include "exporter/daemon/random_numbers.h"
#include "exporter/daemon/secret_commands.h"
#include "exporter/daemon/self_metrics.h"
#include "exporter/daemon/state_database.h"
#include "exporter/daemon/version.h"
#include "exporter/http/civetweb_server.h"
#include "exporter/http/listen_address.h"
#include "receivers/channels/console_writer.h"

namespace tocsin::daemon {
namespace {

// Reading scraped pages, host rounds and other background work. Two, so that a slow round of one
// kind does not hold up the other.
constexpr std::size_t kPoolThreads = 2;
constexpr std::size_t kPoolCapacity = 10'000;
constexpr std::size_t kConsoleCapacity = 1'000;
// Each takes some 10 ms to draw, so that a full queue holds a message up for less than a second.
constexpr std::size_t kPictureCapacity = 64;
// Requests, messages that are sent, scrapes, the database.
constexpr std::size_t kOtherDescriptors = 512;
// Pages of the history, snapshots and commands of stream clients.
constexpr std::size_t kStreamJobs = 4'096;
// For connections that idle or are slow, beside the workers. Each costs some 22 KiB.
constexpr std::size_t kSpareThreads = 32;
constexpr Duration kPruneInterval = std::chrono::minutes(1);
constexpr Duration kSelfInterval = std::chrono::seconds(5);
// How late it is recorded that a posted alert, or an acknowledgement of one, has timed out.
constexpr Duration kEndsInterval = std::chrono::seconds(1);
// How long a key that another process has revoked may still be good.
constexpr Duration kKeysInterval = std::chrono::seconds(2);
// How long deliveries under way may take when the daemon stops; what is not confirmed by then goes
// on after the next start.
constexpr Duration kDrainTime = std::chrono::seconds(3);

// Listening beyond this machine without keys lets everybody in: the operator must have said so.
Status CheckExposure(const std::string& listen_address, const config::Settings& settings, bool asks,
                     const Logger& log) {
  const Result<http::ListenAddress> address = http::ParseListenAddress(listen_address);
  if (!address) return address.error();
  if (asks || IsLoopbackOnly(listen_address)) return {};
  if (!settings.web.allow_unauthenticated) {
    return Error{
        fmt::format("refusing to listen on {}: whoever reaches it could change alerts, and there "
                    "are no keys to ask for. Make one with `tocsin keys create` or set "
                    "TOCSIN_API_KEYS, or name users in --web.config.file, or listen on 127.0.0.1 "
                    "behind a proxy, or say "
                    "tocsin.web.allow_unauthenticated: true",
                    listen_address)};
  }
  log.Warn("listening beyond this machine without authentication", {{"address", listen_address}});
  return {};
}

// Each stream is a descriptor. Many systems allow a process 1,024 unless it asks for more.
void MakeRoomForStreams(std::size_t streams, const Logger& log) {
  const rlim_t needed = streams + kOtherDescriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < needed) {
    log.Warn("fewer file descriptors than tocsin.web.max_streams asks for; raise LimitNOFILE",
             {{"max_streams", streams}, {"limit", limit.rlim_cur}, {"needed", needed}});
  }
}

void ShowBuild(MetricRegistry& metrics) {
  GaugeFamily(metrics, "tocsin_build_info", "Always 1; which Tocsin this is, by its labels.")
      .Add({{"version", std::string(Version())}, {"compiler", std::string(Compiler())}})
      .Set(1);
}

}  // namespace

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
  guard.emplace(*keys, rate_limiter, *audit, clock, metrics, &web_users);
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
          [this](const std::string& receiver) { return RulesNaming(receiver); },
          [this](const std::string& key_id, std::size_t receivers) {
            audit->Append(RotationRecord("tocsin", key_id, receivers));
          }},
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

// Its thread starts with the first client.
void App::Parts::PrepareStreams() {
  MakeRoomForStreams(settings->web.max_streams, log);
  http::StreamOptions stream_options;
  stream_options.max_streams = settings->web.max_streams;
  stream_options.max_per_address = std::max<std::size_t>(1, settings->web.max_streams / 2);
  stream_options.max_per_key = stream_options.max_per_address;
  streams.emplace(stream_options, clock, log.Named("stream"), metrics);
  stream_executor.emplace(kStreamJobs);
  stream_hub.emplace(
      *store, [this](std::function<void()> run) { streams->Post(std::move(run)); },
      *stream_executor);
  store->ListenToEvents([this](std::span<const Event> events) { stream_hub->TakeEvents(events); });
}

void App::Parts::BuildPipeline(Configured configured) {
  settings = configured.settings;
  PrepareStreams();
  staleness_ms = settings->staleness.count();
  history.Publish(std::make_shared<const config::HistorySettings>(settings->history));
  intake_settings.Publish(std::make_shared<const config::IntakeSettings>(settings->intake));

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
  dispatcher_options.outbox = OutboxFrom(settings->retry);
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
  sample_tap.emplace(*series, metrics);
  sink.emplace(*sample_tap, clock, metrics);
  alert_pictures.emplace(*series, clock);

  const intake::Context context{
      *sink,
      *store,
      clock,
      log.Named("intake"),
      metrics,
      [this](const http::Request& request, std::size_t samples, http::ErrorStyle errors) {
        return guard->TakeSamples(request, samples, errors);
      },
      [this] {
        const std::shared_ptr<const config::IntakeSettings> taken = intake_settings.Get();
        return intake::TimestampWindow{taken->past_grace_period, taken->future_grace_period};
      }};
  push_store.emplace(context);
  intakes = intake::MakeIntakes(context, *push_store);
  scraper.emplace(*sink, *http_client, timers, *pool, clock, log.Named("scrape"), metrics);
  host.emplace(*sink, timers, *pool, clock, log.Named("host"), metrics);
  if (!settings->probe_url.empty()) {
    probe.emplace(settings->probe_url, *http_client, *sink, timers, *pool, clock,
                  log.Named("probe"));
  }

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
  if (Status safe = CheckExposure(options.listen_address, listening, guard->asks(), log); !safe)
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
  server_options.max_connections_per_address = listening.web.max_connections_per_address;
  server_options.trusted_proxies = listening.web.trusted_proxies;
  server_options.spare_threads = kSpareThreads;
  Result<std::unique_ptr<http::Server>> main_server =
      http::StartCivetwebServer(server_options, router, log.Named("http"), metrics, &*streams);
  if (!main_server) return main_server.error();
  server = *std::move(main_server);
  return {};
}

Result<std::unique_ptr<App>> App::New(const Options& options, const Files& files, MainQueue& queue,
                                      const Clock& clock, const Logger& log) {
  const std::shared_ptr<const config::Settings>& settings = files.settings;
  Result<StorageFolder> storage = StorageFolder::Open(options.storage_path);
  if (!storage) return storage.error();
  auto parts = std::make_unique<Parts>(options, files, *std::move(storage), queue, clock, log);
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
  if (probe) probe->Start();
  history_rounds = std::make_unique<Periodic>(timers, *pool, clock, kPruneInterval,
                                              [this](Timestamp now) { KeepHistory(now); });
  prune_rounds = std::make_unique<Periodic>(timers, *pool, clock, kPruneInterval,
                                            [this](Timestamp now) { series->Prune(now); });
  // In this order: an acknowledgement does not end after its alert.
  posted_rounds =
      std::make_unique<Periodic>(timers, *pool, clock, kEndsInterval, [this](Timestamp now) {
        alerts->RecordEnds(now);
        dispatcher->acknowledgements()->RecordEnds(now);
      });
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

// ---- Stop

void App::Stop() {
  if (parts_ == nullptr) return;
  Parts& p = *parts_;
  p.ready = false;
  p.watcher.reset();
  p.server->Stop();
  if (p.extra_server != nullptr) p.extra_server->Stop();
  p.streams->Stop();
  p.stream_executor.reset();  // what its jobs ask of the engine is still answered
  p.storage.RemoveFile("address");
  p.keys->Close();
  p.audit->Close();

  p.scraper->Stop();
  p.host->Stop();
  if (p.probe) p.probe->Stop();
  p.resample_rounds.reset();
  p.self_rounds.reset();
  p.security_rounds.reset();
  p.posted_rounds.reset();
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
