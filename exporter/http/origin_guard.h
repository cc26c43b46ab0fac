// Keeps web pages of other sites from changing anything: a browser sends Origin with such a
// request, and only our own and the configured ones are let through. Programs send none.
#pragma once

#include <string>
#include <vector>

#include "exporter/http/http.h"

namespace tocsin::http {

// The route with that check in front, if its method changes state or it opens a stream; else as it
// is.
Route GuardOrigin(Route route, std::vector<std::string> allowed_origins);

}  // namespace tocsin::http
