// What the command line can ask for. Each answers with the exit status.
#pragma once

#include <string>
#include <vector>

#include "exporter/daemon/alertmanager_options.h"
#include "exporter/daemon/options.h"

namespace tocsin::daemon {

// Before any other: the memory of this process may hold secrets, and a crash is to write none of it
// into a file.
void WriteNoCoreDumps();

// Runs until SIGTERM or SIGINT. 1 where the configuration is bad or something cannot be opened.
int RunDaemon(const Options& options);

// `tocsin alertmanager`: the same, for the dispatcher alone.
int RunAlertmanager(const AlertmanagerOptions& options);

// `tocsin check config FILE`, `tocsin check rules FILE...`: print every problem as
// file:line:col: message; 1 if one is an error.
int CheckConfig(const std::string& file, bool expand_env);
int CheckRules(const std::vector<std::string>& files);

}  // namespace tocsin::daemon
