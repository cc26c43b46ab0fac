// Takes a request's body off its connection: whole, within its limit, or not at all.
#pragma once

#include <civetweb.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "exporter/http/request_head.h"

namespace tocsin::http {

enum class BodyOutcome : std::uint8_t {
  kWhole,
  kTooLarge,    // more than the limit was announced or came; what came may be unread
  kIncomplete,  // the client left, fell silent, or its chunks are malformed
};

// Replaces `body`, keeping its memory, and sees to kBodyPadding spare bytes. Memory follows what
// has come, not what was announced.
BodyOutcome ReadBody(mg_connection* connection, const RequestHead& head, std::size_t max_bytes,
                     std::string* body);

// Throws away what is left of a body, up to an amount that a client may have under way: closing a
// connection with unread bytes resets it, and the answer could be lost.
void DiscardBody(mg_connection* connection);

}  // namespace tocsin::http
