// Loads everything a running daemon is configured by: the file, the rule files it names, the
// environment. Pure but for reading files; called by start-up, reload and `tocsin check`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/alertmanager_file.h"
#include "config/diagnostics.h"
#include "config/environment.h"
#include "config/files.h"
#include "config/settings.h"

namespace tocsin::config {

struct Loaded {
  std::shared_ptr<const Settings> settings;  // null when there are errors
  Diagnostics diagnostics;                   // errors, warnings and remarks, sorted by place
  // What was read and which patterns were looked for, as far as they are known: what a watcher
  // watches, also where the configuration is refused.
  std::vector<std::string> files;
  std::vector<std::string> patterns;
};

// `alertmanager` is how the file of tocsin.alertmanager.config_file is read.
Loaded LoadConfiguration(const std::string& file, const Environment& environment,
                         const AlertmanagerFileOptions& alertmanager = {});

// The same for a text that is at hand: `file` only names it, and rule files come from `files`.
Loaded LoadConfigurationText(const std::string& file, std::string_view text,
                             const Environment& environment, Files& files,
                             const AlertmanagerFileOptions& alertmanager = {});

// Rule files alone (`tocsin check rules`): the rules, and what is wrong with them. Channel names
// are not checked, since the receivers are not known. REQUIRES: paths, not patterns.
struct LoadedRules {
  std::vector<std::shared_ptr<const ThresholdRule>> rules;
  Diagnostics diagnostics;
};
LoadedRules LoadRuleFiles(const std::vector<std::string>& files);
// The same for the text of one file.
LoadedRules LoadRuleText(const std::string& file, std::string_view text);

}  // namespace tocsin::config
