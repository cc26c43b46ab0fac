// The plain page at `/`: what fires, what is pending, rules, receivers, targets. Rendered on the
// server, without a script; everything shown is escaped.
#pragma once

#include "exporter/api/alerting_api.h"
#include "exporter/http/http.h"

namespace tocsin::api {

http::Route OverviewRoute(AlertingSources sources);

}  // namespace tocsin::api
