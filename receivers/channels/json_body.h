// Requests with a JSON body. A pure function.
#pragma once

#include <string>

#include "base/http_client.h"
#include "base/json_value.h"

namespace tocsin::receivers {

// A POST; the body ends in a line feed, as Go's encoder ends it.
HttpClientRequest PostJson(std::string url, const JsonValue& json);

}  // namespace tocsin::receivers
