// GET /docs: the description of the alerting API (openapi.h) for people: a plain page of its
// operations, made of the description itself. Pure functions; any thread.
#pragma once

#include <string>

#include "exporter/api/alerting_json.h"

namespace tocsin::api {

// HTML; `description` is an OpenAPI document of ours.
std::string DescriptionPage(const Json& description);

}  // namespace tocsin::api
