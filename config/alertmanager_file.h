// Loads alertmanager.yml: text in, plain structs out, every problem with its place and in the words
// Alertmanager's users know. Unknown and repeated keys are errors. Pure but for reading files;
// called by start-up, reload and checks, each on its own thread.
// https://prometheus.io/docs/alerting/latest/configuration/
//
// What changes neither routing nor delivery (`tracing`, `event_recorder`) and the types of
// receivers that have no channel load with a warning.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/matcher_text.h"
#include "base/template/template_set.h"
#include "base/time.h"
#include "config/alertmanager_settings.h"
#include "config/diagnostics.h"
#include "config/environment.h"
#include "config/files.h"
#include "config/report.h"

namespace tocsin::config {

struct AlertmanagerFileOptions {
  // --config.expand-env: ${NAME} in values; see config/references.h.
  bool expand_env = false;
  Environment environment = nullptr;  // asked only with expand_env; unset: no variable is set
  // --enable-feature=classic-mode, utf8-strict-mode.
  MatcherDialect dialect = MatcherDialect::kFallback;
  // How long the notification log keeps an entry (--data.retention): for warnings.
  Duration retention{std::chrono::hours(120)};
  // Functions and definitions that template files and the templates in settings may use, and
  // redefine; asked for where there is an alertmanager.yml. Without them, neither is read: only the
  // names of the files are looked at.
  std::function<gotemplate::TemplateSet()> make_templates = {};
};

struct LoadedAlertmanager {
  std::shared_ptr<const AlertmanagerSettings> settings;  // null when there are errors
  Diagnostics diagnostics;                               // sorted by place
  // What was read or will be, and which patterns were looked for: what a watcher watches, also
  // where the configuration is refused.
  std::vector<std::string> files;
  std::vector<std::string> patterns;
  // The names of alerts that inhibit rules wait for.
  std::vector<PlacedText> alerts_of_inhibition;
};

LoadedAlertmanager LoadAlertmanagerFile(const std::string& path,
                                        const AlertmanagerFileOptions& options, Files& files);

// The same for a text that is at hand: `path` only names it, and says where relative names start.
LoadedAlertmanager LoadAlertmanagerText(const std::string& path, std::string_view text,
                                        const AlertmanagerFileOptions& options, Files& files);

}  // namespace tocsin::config
