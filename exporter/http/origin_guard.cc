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
  const auto is_permitted = [allowed = std::move(allowed_origins)](const Request& request) {
    const std::string_view origin = request.Header("Origin");
    return origin.empty() || IsOwnOrigin(origin, request.Header("Host")) ||
           std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
  };
  const Response refusal = Refusal(route);
  // A browser lets any page open a WebSocket to anywhere and read it.
  if (route.open) {
    route.open = [open = std::move(route.open), is_permitted, refusal](const Request& request) {
      return is_permitted(request) ? open(request) : StreamOffer{nullptr, refusal};
    };
  }
  if (route.method == "GET") return route;
  route.handler = [handler = std::move(route.handler), is_permitted,
                   refusal](const Request& request) {
    return is_permitted(request) ? handler(request) : refusal;
  };
  return route;
}

}  // namespace tocsin::http
