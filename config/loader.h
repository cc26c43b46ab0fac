// Loads everything a running daemon is configured by: the file, the rule files it names, the
// environment. Pure but for reading files; called by start-up, reload and `tocsin check`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/settings.h"

namespace tocsin::config {

// Reads one environment variable; nothing where it is not set. An argument, so that tests own it.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
Environment ProcessEnvironment();

struct Loaded {
  std::shared_ptr<const Settings> settings;  // null when there are errors
  Diagnostics diagnostics;                   // errors, warnings and remarks, sorted by place
};

Loaded LoadConfiguration(const std::string& file, const Environment& environment);

// Rule files alone (`tocsin check rules`): the rules, and what is wrong with them. Channel names
// are not checked, since the receivers are not known. REQUIRES: paths, not patterns.
struct LoadedRules {
  std::vector<std::shared_ptr<const ThresholdRule>> rules;
  Diagnostics diagnostics;
};
LoadedRules LoadRuleFiles(const std::vector<std::string>& files);

}  // namespace tocsin::config
