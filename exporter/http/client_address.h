// Who sends a request that has come through a proxy: X-Forwarded-For names the stations, each added
// by the one that it has reached, so only what trusted proxies have added is believed.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/egress_policy.h"

namespace tocsin::http {

// The nearest station that is no trusted proxy; `peer`, the other end of the connection, where that
// is none itself. What stands before something that is no address is not believed.
std::string ClientAddress(std::string_view peer,
                          std::span<const std::pair<std::string, std::string>> headers,
                          std::span<const IpNetwork> trusted);

}  // namespace tocsin::http
