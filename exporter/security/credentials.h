// Where in a request an API key may stand. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>

#include "exporter/http/http.h"

namespace tocsin::security {

// The first of: `Authorization: Bearer <token>`; `X-API-Key: <token>`; the password of Basic
// authentication, whatever the user's name (for amtool, Grafana and Prometheus, which know nothing
// else); and, where the route takes it, the query's `token`. Nothing where there is none, or an
// empty one.
std::optional<std::string> FindToken(const http::Request& request);

}  // namespace tocsin::security
