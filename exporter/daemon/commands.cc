#include "exporter/daemon/commands.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>

#include "config/loader.h"
#include "exporter/daemon/alertmanager_app.h"
#include "exporter/daemon/app.h"
#include "exporter/daemon/command_channels.h"
#include "exporter/daemon/command_output.h"
#include "exporter/daemon/config_log.h"
#include "exporter/daemon/configured.h"
#include "exporter/daemon/main_queue.h"
#include "exporter/daemon/signals.h"
#include "exporter/daemon/version.h"

namespace tocsin::daemon {
namespace {

// Findings go to standard error, the verdict to standard output, as promtool does.
int Report(const config::Diagnostics& diagnostics, const std::string& verdict) {
  PrintDiagnostics(diagnostics);
  if (diagnostics.has_errors()) {
    fmt::print("FAILED\n");
    return 1;
  }
  fmt::print("SUCCESS: {}\n", verdict);
  return 0;
}

// Of a start that failed: for people as the check command prints them, for machines as the log they
// asked for.
void ReportAtStart(const config::Diagnostics& diagnostics, LogFormat format, const Logger& log) {
  if (format == LogFormat::kJson || !diagnostics.has_errors()) {
    return LogDiagnostics(diagnostics, log);
  }
  PrintDiagnostics(diagnostics);
}

// Large buffers (answers of megabytes, mostly) go back to the system when they are freed. Left
// alone, glibc raises its threshold to the largest one that it has seen and keeps what is below it.
// https://man7.org/linux/man-pages/man3/mallopt.3.html (M_MMAP_THRESHOLD)
void ReturnLargeBuffers() { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

// Until the process is told to stop. App or AlertmanagerApp.
template <typename AnyApp>
void RunUntilStopped(AnyApp& app, MainQueue& queue, const Logger& log) {
  app.Start();
  MainQueue::Wishes wishes = queue.Take();
  for (; !wishes.stop; wishes = queue.Take()) {
    for (const std::function<void()>& job : wishes.jobs) job();
    if (!wishes.reload) continue;
    log.Info("reloading the configuration", {{"because", wishes.why}});
    wishes.Answer(app.Reload());
  }
  log.Info("stopping", {{"because", wishes.why}});
  wishes.Answer(Error{"the daemon is stopping"});
  wishes.jobs.clear();  // whoever waits for one hears that it did not run
  queue.Close();
  app.Stop();
}

}  // namespace

// A limit does not hold where core_pattern is a pipe, as to systemd-coredump; what is not dumpable
// goes there neither. Nor may another process of this user read the memory; root may.
// https://man7.org/linux/man-pages/man5/core.5.html
void WriteNoCoreDumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

int RunDaemon(const Options& options) {
  BlockSignals();
  ReturnLargeBuffers();
  const SystemClock clock;
  const std::unique_ptr<LogSink> sink =
      MakeStderrLogSink(options.log_level, options.log_format, clock);
  const Logger log(*sink, "daemon");

  const config::Loaded loaded = LoadDaemonConfig(options.config_file, options.expand_env, clock);
  ReportAtStart(loaded.diagnostics, options.log_format, log.Named("config"));
  const config::LoadedWebFile web = LoadWebConfig(options.web_config_file);
  ReportAtStart(web.diagnostics, options.log_format, log.Named("config"));
  if (loaded.settings == nullptr || web.settings == nullptr) return 1;

  MainQueue queue;
  const SignalThread signals(queue);
  Result<std::unique_ptr<App>> app =
      App::New(options, {loaded.settings, web.settings}, queue, clock, log);
  if (!app) {
    log.Error("cannot start", {{"err", app.message()}});
    return 1;
  }
  RunUntilStopped(**app, queue, log);
  return 0;
}

int RunAlertmanager(const AlertmanagerOptions& options) {
  BlockSignals();
  ReturnLargeBuffers();
  const SystemClock clock;
  const std::unique_ptr<LogSink> sink =
      MakeStderrLogSink(options.log_level, options.log_format, clock);
  const Logger log(*sink, "alertmanager");

  const config::LoadedAlertmanager loaded = LoadAlertmanagerConfig(options, clock);
  ReportAtStart(loaded.diagnostics, options.log_format, log.Named("config"));
  const config::LoadedWebFile web = LoadWebConfig(options.web_config_file);
  ReportAtStart(web.diagnostics, options.log_format, log.Named("config"));
  if (loaded.settings == nullptr || web.settings == nullptr) return 1;

  MainQueue queue;
  const SignalThread signals(queue);
  Result<std::unique_ptr<AlertmanagerApp>> app =
      AlertmanagerApp::New(options, {loaded.settings, web.settings}, queue, clock, log);
  if (!app) {
    log.Error("cannot start", {{"err", app.message()}});
    return 1;
  }
  RunUntilStopped(**app, queue, log);
  return 0;
}

int CheckConfig(const std::string& file, bool expand_env) {
  const SystemClock clock;
  const config::Loaded loaded = LoadDaemonConfig(file, expand_env, clock);
  if (loaded.settings == nullptr) return Report(loaded.diagnostics, "");
  // What only who makes a channel sees: a certificate that is none, a key that is not there.
  const CommandChannels channels(clock);
  if (const Result<Configured> built = BuildConfigured(loaded.settings, channels.context());
      !built) {
    PrintDiagnostics(loaded.diagnostics);
    fmt::print("FAILED\n");
    return FailWith(built.message());
  }
  return Report(
      loaded.diagnostics,
      fmt::format("{} is valid: {} rules from {} files, {} scrape jobs, {} receivers", file,
                  loaded.settings->rules.size(), loaded.settings->rule_files.size(),
                  loaded.settings->scrape_jobs.size(), loaded.settings->receivers.size()));
}

int CheckRules(const std::vector<std::string>& files) {
  const config::LoadedRules loaded = config::LoadRuleFiles(files);
  return Report(loaded.diagnostics,
                fmt::format("{} rules found in {} files", loaded.rules.size(), files.size()));
}

}  // namespace tocsin::daemon
