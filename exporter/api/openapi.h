// GET /openapi.json: what the alerting API can do, as an OpenAPI 3.1 description. Paths, methods
// and scopes are those of the routes themselves; the rest is what operation.h says of them.
// https://spec.openapis.org/oas/v3.1.0
//
// Alertmanager's API has a description of its own (alertmanager_description.h); pushes, scrapes and
// /-/ speak as others have defined, and are in none.
//
// It needs a key that may read, as whatever it tells of does: nobody can use it without one.
#pragma once

#include <string>
#include <vector>

#include "exporter/api/operation.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// Where the alerting API stands; the first is the one for new clients.
inline constexpr const char* kAlertingMounts[] = {"/api/v1/alerting", "/alerting"};

std::vector<Operations> AllOperations();

// Indented JSON, with a line break at the end. Routes that stand elsewhere are left out; those that
// nobody has described are there with an x-undescribed mark, and operations without a route are
// not.
std::string DescribeAlertingApi(const std::vector<const http::Route*>& routes);

// GET /openapi.json of these routes, which outlive it, and of itself; and GET /docs, the same as a
// page.
std::vector<http::Route> OpenApiRoutes(std::vector<const http::Route*> routes);

}  // namespace tocsin::api
