// alertmanager.yml printed anew from what was loaded: what the API shows as `config.original`.
// Pure.
#pragma once

#include <string>

#include "config/alertmanager_settings.h"

namespace tocsin::config {

// YAML with defaults filled in, secrets as <secret> (a webhook's address keeps its
// host: http://example.org/<secret>), deprecated spellings replaced, and paths
// joined with the configuration file's folder where they start there. Loads again, here and in
// every Alertmanager that accepts the original, from 0.25 on: keys that are younger stand there
// only if the original used them. A route shows what differs from its parent. `tracing` and
// `event_recorder`, which have no effect, are left out.
std::string PrintAlertmanagerConfig(const AlertmanagerSettings& settings);

}  // namespace tocsin::config
