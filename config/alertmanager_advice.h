// What an alertmanager.yml says, and will not do as one may think: warnings about one that is
// sound. Pure functions.
#pragma once

#include <vector>

#include "base/time.h"
#include "config/alertmanager_settings.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

// Warns of routes and inhibit rules. `root` is what `settings` were read from, without errors;
// `retention` is how long the notification log keeps an entry.
// https://github.com/prometheus/alertmanager/blob/main/cmd/alertmanager/main.go
void AdviseOnAlertmanager(const YamlNode& root, const AlertmanagerSettings& settings,
                          Duration retention, FileReport& report);

// The names of alerts that inhibit rules wait for, with their places; of the same two.
std::vector<PlacedText> AlertsOfInhibition(const YamlNode& root,
                                           const AlertmanagerSettings& settings);

}  // namespace tocsin::config
