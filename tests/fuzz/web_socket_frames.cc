// Any bytes as what a WebSocket client sends: whatever their pieces, the same messages come out,
// and none is larger than allowed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "exporter/http/web_socket_frame.h"

namespace {

using tocsin::http::FrameFault;
using tocsin::http::FrameMessage;
using tocsin::http::FrameReader;

constexpr std::size_t kMaxMessage = 64;

std::string Read(std::string_view bytes, std::size_t piece) {
  FrameReader reader(kMaxMessage);
  std::string seen;
  while (!bytes.empty()) {
    const std::size_t n = std::min(piece, bytes.size());
    const std::optional<FrameFault> fault =
        reader.Feed(bytes.substr(0, n), [&](const FrameMessage& message) {
          CHECK(message.payload.size() <= 125);
          if (message.opcode == tocsin::http::Opcode::kText) {
            CHECK(message.payload.size() <= kMaxMessage && tocsin::IsValidUtf8(message.payload));
          }
          seen.push_back(static_cast<char>(message.opcode));
          seen.append(message.payload).push_back('\n');
        });
    if (fault) return seen + std::to_string(static_cast<int>(fault->code));
    bytes.remove_prefix(n);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Read(bytes, size + 1);
  CHECK(whole == Read(bytes, 1));
  CHECK(whole == Read(bytes, 7));
  return 0;
}
