// GET /api/v2/swagger.json: what the Alertmanager API can do, for clients that are made from it.
// https://swagger.io/specification/v2/
#pragma once

#include <string>

namespace tocsin::api {

// The description as JSON. `base_path` is where the API stands, "/am/api/v2".
std::string DescribeAlertmanagerApi(const std::string& base_path, const std::string& version);

}  // namespace tocsin::api
