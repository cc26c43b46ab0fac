// Alerts as families of the exposition formats, as Prometheus keeps those of its own rules:
// https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
#pragma once

#include <cstddef>
#include <vector>

#include "base/alert.h"
#include "exporter/exposition/family.h"

namespace tocsin::exposition {

// Each is a line of some 200 bytes on every page.
inline constexpr std::size_t kMostShownAlerts = 10'000;

// ALERTS, 1 for each of these alerts with its labels and an alertstate: pending or firing, as
// acknowledged ones are too. Of more than `most` those that fire come before those that are
// pending, and older ones before newer ones; tocsin_exposition_alerts_left_out says how many did
// not. REQUIRES: each is in one of these states. A pure function; any thread.
std::vector<Family> AlertFamilies(std::vector<AlertPtr> alerts, std::size_t most);

}  // namespace tocsin::exposition
