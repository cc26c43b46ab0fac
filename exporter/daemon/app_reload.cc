// Putting a configuration, rules and receivers in force while an App runs. All on the main thread.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_row.h"
#include "exporter/daemon/app_parts.h"
#include "exporter/daemon/config_log.h"

namespace tocsin::daemon {

Status App::Reload() {
  Parts& p = *parts_;
  const Logger log = p.log.Named("config");
  const config::Loaded loaded =
      LoadDaemonConfig(p.options.config_file, p.options.expand_env, p.clock);
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
  const config::LoadedWebFile web = LoadWebConfig(p.options.web_config_file);
  LogDiagnostics(web.diagnostics, log);
  for (std::string& problem : ErrorTexts(web.diagnostics)) problems.push_back(std::move(problem));
  if (!next || web.settings == nullptr) {
    log.Error("the configuration is not reloaded: what was in force stays",
              {{"problems", problems.size()}});
    p.AuditReload("failed", problems.size());
    std::string text = fmt::format("{}", fmt::join(problems, "\n"));
    p.RecordReload(problems);
    p.reloads.Note(p.clock.Now(), std::move(problems));
    p.Watch(&loaded);
    return Error{std::move(text)};
  }
  p.web_users.Apply(web.settings);
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
  intake_settings.Publish(std::make_shared<const config::IntakeSettings>(settings->intake));
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
                                                      settings->staleness, settings->stale_alerts);
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

void App::Parts::PublishRules(std::shared_ptr<const evaluator::RuleIndex> rules) {
  rule_gauges.Show(*rules);
  loaded_rules.Publish(std::make_shared<const api::LoadedRules>(api::LoadedRules{
      std::move(rules), clock.Now(),
      std::make_shared<const evaluator::ManagedRules::ById>(rule_book->managed())}));
}

void App::Parts::PublishReceivers() {
  receiver_names.Publish(
      std::make_shared<const config::ReceiverNames>(config::NamesForRules(*settings)));
  file_receiver_names.Publish(
      std::make_shared<const config::ReceiverNames>(config::NamesForRules(*file_settings)));
  receiver_list.Publish(std::make_shared<const api::ReceiverList>(receiver_book->List(*settings)));
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
  if (!options.web_config_file.empty()) files.push_back(options.web_config_file);
  watcher->Watch(std::move(files), std::move(patterns));
}

}  // namespace tocsin::daemon
