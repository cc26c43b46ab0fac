// The flags of `tocsin alertmanager`: Alertmanager's, so that its unit files and containers need
// only another binary name. Those that have nothing to do here are accepted.
// https://github.com/prometheus/alertmanager/blob/main/cmd/alertmanager/main.go
#pragma once

#include "exporter/daemon/alertmanager_options.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace tocsin::daemon {

// `options` is filled while `app` parses and outlives it.
void AddAlertmanagerFlags(CLI::App& app, AlertmanagerOptions& options);

}  // namespace tocsin::daemon
