#include "exporter/http/origin_guard.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::http {
namespace {

// "http://host:port" belongs to the request if its host is the one the client asked for. The scheme
// is not compared: a proxy may speak TLS for us.
bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  const std::size_t scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && !host.empty() &&
         EqualsIgnoreCase(origin.substr(scheme_end + 3), host);
}

Response Refusal(const Route& route) {
  return ErrorResponse(
      403, route.errors,
      "Not permitted: the request comes from another site (see tocsin.web.allowed_origins)");
}

}  // namespace

Route GuardOrigin(Route route, std::vector<std::string> allowed_origins) {
  if (route.method == "GET") return route;
  Handler guarded = [handler = std::move(route.handler), allowed = std::move(allowed_origins),
                     refusal = Refusal(route)](const Request& request) {
    const std::string_view origin = request.Header("Origin");
    const bool permitted = origin.empty() || IsOwnOrigin(origin, request.Header("Host")) ||
                           std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
    return permitted ? handler(request) : refusal;
  };
  route.handler = std::move(guarded);
  return route;
}

}  // namespace tocsin::http
