// What a request's head says about its body and its connection, and whether it can be believed.
//
// Behind a proxy a head that two readers understand differently lets one client smuggle a request
// into another's connection. So whatever civetweb lets pass and could be read in two ways is
// refused. https://www.rfc-editor.org/rfc/rfc9112#section-11.2
//
// Pure functions; the web workers call them.
#pragma once

#include <civetweb.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::http {

// civetweb reads at most this much head; longer ones it answers itself.
inline constexpr std::size_t kMaxHeadBytes = 16384;

struct RequestHead {
  bool chunked = false;
  std::uint64_t content_length = 0;  // where not chunked
  bool expects_continue = false;     // the client waits for "100 Continue" before it sends the body
  bool old_protocol = false;         // HTTP/1.0
  bool keep_alive = false;           // as the client wants it

  bool has_body() const { return chunked || content_length > 0; }
};

struct HeadFault {
  int status = 400;
  std::string_view detail;
};

// Fills `head`, or says why the request must be refused and its connection closed.
std::optional<HeadFault> ReadHead(const mg_request_info& info, RequestHead* head);

}  // namespace tocsin::http
