// The plain page at `/` of `tocsin alertmanager`: alerts by group, silences, receivers, the state
// of the daemon, and the ways to the API. Rendered on the server, without a script; everything
// shown is escaped. Its links are relative, so that it works below any prefix and behind any proxy.
#pragma once

#include "exporter/api/alertmanager_api.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// At "/", below no prefix. What `sources` refers to outlives the route.
http::Route AlertmanagerOverviewRoute(AlertmanagerSources sources);

}  // namespace tocsin::api
