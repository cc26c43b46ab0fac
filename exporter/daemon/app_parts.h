// What an App is made of, for the files that put it together (app.cc), say what it serves
// (app_routes.cc) and put a changed configuration in force (app_reload.cc).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/snapshot.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"
#include "config/loader.h"
#include "config/watcher.h"
#include "evaluator/lifecycle/alert_book.h"
#include "evaluator/lifecycle/engine.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/series/store.h"
#include "exporter/api/alert_talk_api.h"
#include "exporter/api/alerting_api.h"
#include "exporter/api/alertmanager_api.h"
#include "exporter/api/delivery_api.h"
#include "exporter/api/history_api.h"
#include "exporter/api/known_alerts.h"
#include "exporter/api/receiver_trial_api.h"
#include "exporter/api/receivers_api.h"
#include "exporter/api/repeatable_requests.h"
#include "exporter/api/rules_api.h"
#include "exporter/api/security_api.h"
#include "exporter/api/stream_api.h"
#include "exporter/daemon/alert_pictures.h"
#include "exporter/daemon/alertmanager_gauges.h"
#include "exporter/daemon/app.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/daemon_probe.h"
#include "exporter/daemon/host_rounds.h"
#include "exporter/daemon/measured_sink.h"
#include "exporter/daemon/metrics_page.h"
#include "exporter/daemon/on_demand_clients.h"
#include "exporter/daemon/on_demand_executor.h"
#include "exporter/daemon/periodic.h"
#include "exporter/daemon/process_metrics.h"
#include "exporter/daemon/receiver_book.h"
#include "exporter/daemon/reload_book.h"
#include "exporter/daemon/rule_book.h"
#include "exporter/daemon/rule_gauges.h"
#include "exporter/daemon/storage_folder.h"
#include "exporter/daemon/url_probe.h"
#include "exporter/http/cors.h"
#include "exporter/http/stream_loop.h"
#include "exporter/intake/intakes.h"
#include "exporter/intake/push_store.h"
#include "exporter/scrape/scrape_manager.h"
#include "exporter/security/access_guard.h"
#include "exporter/security/web_users.h"
#include "receivers/alerts/alert_comments.h"
#include "receivers/channels/pictures.h"
#include "receivers/dispatcher.h"
#include "receivers/native_alerts.h"

namespace tocsin::daemon {

// In the order of construction: what stands later may use what stands before.
struct App::Parts {
  Parts(const Options& o, const Files& files, StorageFolder s, MainQueue& q, const Clock& c,
        const Logger& l)
      : options(o), storage(std::move(s)), queue(q), clock(c), log(l), web_users(files.web) {}

  // New()
  Status OpenStore(const config::Settings& settings);
  Status BuildSecurity(const config::Settings& settings);
  Status OpenReceivers();
  void PreparePictures();
  void PrepareStreams();
  void BuildPipeline(Configured configured);
  Status Restore();
  void BuildRoutes(const config::Settings& settings);
  void BuildStreamRoutes();
  api::KnownAlerts::Mutes Mutes();  // by inhibition and time intervals
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
  api::StreamSources StreamView();
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

  // Before the store, whose writer tells the hub of events, and the audit log of what is done over
  // streams, until its end.
  std::optional<security::AuditLog> audit;
  std::optional<security::KeyRing> keys;
  security::RateLimiter rate_limiter{clock};
  security::WebUsers web_users;
  std::optional<security::AccessGuard> guard;
  std::optional<http::StreamLoop> streams;
  std::optional<OnDemandExecutor> stream_executor;
  std::optional<api::StreamHub> stream_hub;

  std::unique_ptr<StateStore> store;
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
  Snapshot<config::IntakeSettings> intake_settings;
  Snapshot<api::LoadedRules> loaded_rules;
  Snapshot<config::ReceiverNames> receiver_names;       // that rules may name
  Snapshot<config::ReceiverNames> file_receiver_names;  // that rules of files may name
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
  std::optional<api::SampleTap> sample_tap;
  std::optional<MeasuredSink> sink;
  std::optional<AlertPictures> alert_pictures;

  std::optional<intake::PushStore> push_store;
  std::vector<std::unique_ptr<intake::Intake>> intakes;
  std::optional<scrape::ScrapeManager> scraper;
  std::optional<HostRounds> host;
  std::optional<UrlProbe> probe;

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
  std::optional<api::AlertSnapshots> alert_snapshots;
  std::optional<api::StreamApi> stream_api;
  std::optional<http::Cors> cors;
  http::Router router;
  http::Router extra_router;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> extra_server;
  std::atomic<bool> ready{false};
  const bool loopback_only = IsLoopbackOnly(options.listen_address);

  std::thread timer_thread;
  std::unique_ptr<Periodic> prune_rounds;
  std::unique_ptr<Periodic> history_rounds;
  std::unique_ptr<Periodic> posted_rounds;
  std::unique_ptr<Periodic> self_rounds;
  std::unique_ptr<Periodic> security_rounds;
  std::unique_ptr<Periodic> resample_rounds;
  Duration resample_interval{0};
  std::unique_ptr<config::FileWatcher> watcher;
};

}  // namespace tocsin::daemon
