// Any text as what a client says over the alerting WebSocket: understood, refused with a reason, or
// ignored; whatever is answered is JSON.
#include "exporter/api/stream_message.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json_library.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::api::ClientMessage;
  const ClientMessage message =
      tocsin::api::ParseClientMessage({reinterpret_cast<const char*>(data), size});
  CHECK((message.kind == ClientMessage::Kind::kWrong) == !message.fault.empty());
  CHECK(message.samples.has_value() <= (message.kind != ClientMessage::Kind::kAcknowledge));
  CHECK(tocsin::ParseJson(tocsin::api::OkMessage(message.request_id)).is_object());
  CHECK(
      tocsin::ParseJson(tocsin::api::ErrorMessage(message.request_id, message.fault)).is_object());
  return 0;
}
