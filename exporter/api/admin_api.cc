#include "exporter/api/admin_api.h"

namespace tocsin::api {
namespace {

http::Response Text(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

std::vector<http::Route> AdminRoutes(const AdminSources& sources) {
  const auto reload = [run = sources.reload](const http::Request&) {
    const Status status = run();
    // 500 is what upstream answers and what reload sidecars look for.
    return status.ok() ? Text(200, "")
                       : Text(500, "failed to reload config: " + status.message() + "\n");
  };
  const auto ready = [is_ready = sources.ready](const http::Request&) {
    return is_ready() ? Text(200, "OK") : Text(503, "Tocsin is starting");
  };
  std::vector<http::Route> routes;
  const auto add = [&](const char* method, const char* path, http::Access access,
                       http::Handler handler) {
    http::Route route;
    route.method = method;
    route.pattern = path;
    route.handler = std::move(handler);
    route.access = access;
    route.is_probe = access == http::Access::kOpen;
    routes.push_back(std::move(route));
  };
  add("GET", "/-/healthy", http::Access::kOpen,
      [](const http::Request&) { return Text(200, "OK"); });
  add("GET", "/-/ready", http::Access::kOpen, ready);
  add("POST", "/-/reload", http::Access::kAdmin, reload);
  add("PUT", "/-/reload", http::Access::kAdmin, reload);
  return routes;
}

}  // namespace tocsin::api
