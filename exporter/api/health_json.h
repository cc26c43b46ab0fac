// The details of GET /health: each part of the daemon with its state and, where that is not well,
// why. Pure functions.
#pragma once

#include "exporter/api/alerting_json.h"
#include "exporter/api/daemon_status.h"

namespace tocsin::api {

// {"checks": {...}, "parts": {...}, "reasons": [...], "warnings": [...]}: the contract's words, the
// parts, and what is wrong in sentences. Nothing that only the operator of this machine should
// read: no paths, no texts of the database.
Json HealthDetailsJson(const DaemonStatus& status);

}  // namespace tocsin::api
