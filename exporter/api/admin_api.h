// /-/healthy, /-/ready and /-/reload, as Prometheus and Alertmanager have them.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "exporter/http/http.h"

namespace tocsin::api {

struct AdminSources {
  std::function<bool()> ready;
  // Reloads and waits for the outcome. Called on a web worker.
  std::function<Status()> reload;
};

std::vector<http::Route> AdminRoutes(const AdminSources& sources);

}  // namespace tocsin::api
