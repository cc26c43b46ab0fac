// The request that asks for a WebSocket, and the answer to it.
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2
//
// Pure functions; the web workers call them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/http.h"

namespace tocsin::http {

// The answer where the request is no handshake (426) or a wrong one (400).
std::optional<Response> FindHandshakeFault(const Request& request, ErrorStyle style);

// What goes into Sec-WebSocket-Accept.
std::string HandshakeAnswer(std::string_view key);

}  // namespace tocsin::http
