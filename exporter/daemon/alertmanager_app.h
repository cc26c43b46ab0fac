// AlertmanagerApp: the composition root of `tocsin alertmanager`, which is the dispatcher alone
// behind Alertmanager's API and flags.
//
//   API ─> alert store ─> dispatcher ─> channels
//            silences ──────┘  └─ notification log ─> state store
//
// As App: New() does all that can fail, Start() lets the threads run, Reload() builds everything of
// a new configuration aside and swaps it whole, Stop() goes against the data flow. Belongs to the
// main thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "config/alertmanager_file.h"
#include "config/alertmanager_settings.h"
#include "config/web_file.h"
#include "exporter/daemon/alertmanager_options.h"
#include "exporter/daemon/main_queue.h"

namespace tocsin::daemon {

// The file that the options name, and its templates. The clock outlives what is loaded.
config::LoadedAlertmanager LoadAlertmanagerConfig(const AlertmanagerOptions& options,
                                                  const Clock& clock);

class AlertmanagerApp {
 public:
  // What the files that the options name say; neither is null.
  struct Settings {
    std::shared_ptr<const config::AlertmanagerSettings> alertmanager;
    std::shared_ptr<const config::WebFileSettings> web;
  };

  // `queue`, `clock` and the sink behind `log` outlive the object.
  static Result<std::unique_ptr<AlertmanagerApp>> New(const AlertmanagerOptions& options,
                                                      const Settings& settings, MainQueue& queue,
                                                      const Clock& clock, const Logger& log);
  ~AlertmanagerApp();
  AlertmanagerApp(const AlertmanagerApp&) = delete;
  AlertmanagerApp& operator=(const AlertmanagerApp&) = delete;

  void Start();
  // Both files. Fails with every problem, one a line; what runs goes on unchanged then. The web
  // configuration is also read as soon as its file changes, by the thread that watches it.
  Status Reload();
  // Idempotent. REQUIRES: the queue is closed.
  void Stop();

 private:
  struct Parts;
  explicit AlertmanagerApp(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin::daemon
