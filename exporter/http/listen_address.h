// Where to listen: "127.0.0.1:9095", "localhost:9095", ":9095" (every IPv4 address), port 0 (any
// free).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::http {

struct ListenAddress {
  std::string ip;  // dotted
  std::uint16_t port = 0;
};

// Resolves a host name. What cannot be listened on is refused with what to do instead; IPv6 among
// it, since the linked server has none.
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace tocsin::http
