// The plain page at `/` of `tocsin alertmanager`: alerts by group, silences, receivers, the state
// of the daemon, and the ways to the API. Rendered on the server, without a script; everything
// shown is escaped. Its links are relative, so that it works below any prefix and behind any proxy.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "exporter/api/alertmanager_api.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// Why state cannot be written, and since when; nothing while it can. Any thread.
using StoreTrouble = std::function<std::optional<std::string>()>;

// At "/", below no prefix. What `sources` refers to outlives the route.
http::Route AlertmanagerOverviewRoute(AlertmanagerSources sources, StoreTrouble store_trouble);

}  // namespace tocsin::api
