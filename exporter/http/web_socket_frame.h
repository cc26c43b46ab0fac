// WebSocket frames: bytes to messages and back. The linked server library has WebSockets, but
// believes the length that a frame announces (up to 2 GiB, allocated at once), does not join
// fragments and checks neither masks nor text.
// https://www.rfc-editor.org/rfc/rfc6455#section-5
//
// Plain values; the stream thread uses them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/stream.h"

namespace tocsin::http {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

// One whole message, joined from its fragments and unmasked.
struct FrameMessage {
  Opcode opcode = Opcode::kText;  // kText, kClose, kPing or kPong
  std::string_view payload;       // of kClose without the code
  std::optional<std::uint16_t> close_code;
};

// Why the connection must be closed.
struct FrameFault {
  CloseCode code = CloseCode::kProtocolError;
  std::string_view reason;
};

// Reads what a client sends, in pieces of any size. Memory is bounded by the largest message.
class FrameReader {
 public:
  // `max_message` in bytes; a longer one is a fault (1009) as soon as a frame announces it.
  explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

  using Visit = std::function<void(const FrameMessage&)>;
  // Calls `visit` for each message that is whole now. After a fault nothing more is to be fed.
  std::optional<FrameFault> Feed(std::string_view bytes, const Visit& visit);

 private:
  struct Frame {
    bool final = false;
    Opcode opcode = Opcode::kText;
    std::size_t length = 0;
    std::array<char, 4> mask{};
  };

  // True when the frame's head is whole in head_.
  std::optional<FrameFault> TakeHead(std::string_view* bytes, bool* whole);
  std::optional<FrameFault> ReadHead();
  std::optional<FrameFault> CheckHead(std::uint64_t length) const;
  void TakePayload(std::string_view* bytes);
  std::optional<FrameFault> EndFrame(const Visit& visit);
  std::optional<FrameFault> EndControl(const Visit& visit);
  static bool is_control(Opcode opcode) { return static_cast<unsigned>(opcode) >= 0x8; }
  // Control frames may come between the fragments of a message.
  std::string& payload() { return is_control(frame_.opcode) ? control_ : message_; }

  const std::size_t max_message_;
  std::string head_;  // of the frame under way
  bool in_payload_ = false;
  Frame frame_;
  std::size_t taken_ = 0;  // of its payload
  bool in_message_ = false;
  std::string message_;
  std::string control_;
};

// The head of a frame from the server: whole messages, never masked.
struct FrameHead {
  std::array<char, 10> bytes{};
  std::uint8_t size = 0;
};
FrameHead MakeFrameHead(Opcode opcode, std::size_t payload_bytes);

// The payload of a close frame.
std::string ClosePayload(CloseCode code, std::string_view reason);

}  // namespace tocsin::http
