#include "exporter/http/web_socket_frame.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::http {
namespace {

constexpr std::size_t kMaxControlPayload = 125;
constexpr unsigned kFinal = 0x80;
constexpr unsigned kReserved = 0x70;
constexpr unsigned kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;

unsigned ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Of the field that follows the first two bytes.
std::size_t LengthBytes(unsigned short_length) {
  if (short_length == 126) return 2;
  return short_length == 127 ? 8 : 0;
}

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8U | ByteAt(bytes, i);
  return value;
}

// https://www.rfc-editor.org/rfc/rfc6455#section-7.4
bool MayBeSent(std::uint16_t close_code) {
  if (close_code >= 3000 && close_code <= 4999) return true;
  return close_code >= 1000 && close_code <= 1014 && close_code != 1004 && close_code != 1005 &&
         close_code != 1006;
}

FrameFault Protocol(std::string_view reason) { return {CloseCode::kProtocolError, reason}; }

}  // namespace

std::optional<FrameFault> FrameReader::Feed(std::string_view bytes, const Visit& visit) {
  while (true) {
    if (!in_payload_) {
      bool whole = false;
      if (auto fault = TakeHead(&bytes, &whole)) return fault;
      if (!whole) return std::nullopt;
      in_payload_ = true;
      taken_ = 0;
      head_.clear();
    }
    TakePayload(&bytes);
    if (taken_ < frame_.length) return std::nullopt;
    in_payload_ = false;
    if (auto fault = EndFrame(visit)) return fault;
  }
}

std::optional<FrameFault> FrameReader::TakeHead(std::string_view* bytes, bool* whole) {
  const auto take_to = [&](std::size_t size) {
    const std::size_t n = std::min(size - std::min(size, head_.size()), bytes->size());
    head_.append(bytes->substr(0, n));
    bytes->remove_prefix(n);
    return head_.size() >= size;
  };
  if (!take_to(2)) return std::nullopt;
  // Judged by the first two bytes already: the rest of a bad frame may never come.
  if ((ByteAt(head_, 1) & kMasked) == 0) return Protocol("a frame from a client must be masked");
  if (!take_to(2 + LengthBytes(ByteAt(head_, 1) & ~kMasked) + kMaskBytes)) return std::nullopt;
  *whole = true;
  return ReadHead();
}

std::optional<FrameFault> FrameReader::ReadHead() {
  const unsigned first = ByteAt(head_, 0);
  if ((first & kReserved) != 0) return Protocol("no extension was agreed on");
  frame_.final = (first & kFinal) != 0;
  frame_.opcode = static_cast<Opcode>(first & 0xFU);
  const unsigned short_length = ByteAt(head_, 1) & ~kMasked;
  const std::size_t length_bytes = LengthBytes(short_length);
  const std::string_view rest = std::string_view(head_).substr(2);
  const std::uint64_t length =
      length_bytes == 0 ? short_length : BigEndian(rest.substr(0, length_bytes));
  if ((length_bytes == 2 && length < 126) || (length_bytes == 8 && length <= 0xFFFF)) {
    return Protocol("the length of a frame is not in its shortest form");
  }
  std::copy_n(rest.begin() + static_cast<std::ptrdiff_t>(length_bytes), kMaskBytes,
              frame_.mask.begin());
  if (auto fault = CheckHead(length)) return fault;
  frame_.length = static_cast<std::size_t>(length);
  if (is_control(frame_.opcode)) {
    control_.clear();
  } else {
    if (!in_message_) message_.clear();
    in_message_ = true;
  }
  return std::nullopt;
}

std::optional<FrameFault> FrameReader::CheckHead(std::uint64_t length) const {
  switch (frame_.opcode) {
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      if (!frame_.final || length > kMaxControlPayload) {
        return Protocol("a control frame must be whole and short");
      }
      return std::nullopt;
    case Opcode::kBinary:
      return FrameFault{CloseCode::kUnsupportedData, "only text is understood"};
    case Opcode::kText:
      if (in_message_) return Protocol("a message began before the last one ended");
      break;
    case Opcode::kContinuation:
      if (!in_message_) return Protocol("a fragment without a beginning");
      break;
    default:
      return Protocol("unknown opcode");
  }
  const std::size_t so_far = in_message_ ? message_.size() : 0;
  if (length > max_message_ - so_far) return FrameFault{CloseCode::kTooBig, "message too big"};
  return std::nullopt;
}

void FrameReader::TakePayload(std::string_view* bytes) {
  const std::size_t n = std::min(frame_.length - taken_, bytes->size());
  std::string& into = payload();
  const std::size_t begin = into.size();
  into.append(bytes->substr(0, n));
  for (std::size_t i = 0; i < n; ++i) {
    char& c = into[begin + i];
    c = static_cast<char>(c ^ frame_.mask.at((taken_ + i) % kMaskBytes));
  }
  taken_ += n;
  bytes->remove_prefix(n);
}

std::optional<FrameFault> FrameReader::EndFrame(const Visit& visit) {
  if (is_control(frame_.opcode)) return EndControl(visit);
  if (!frame_.final) return std::nullopt;
  in_message_ = false;
  if (!IsValidUtf8(message_)) return FrameFault{CloseCode::kInvalidText, "text is not UTF-8"};
  visit({Opcode::kText, message_, std::nullopt});
  return std::nullopt;
}

std::optional<FrameFault> FrameReader::EndControl(const Visit& visit) {
  FrameMessage message{frame_.opcode, control_, std::nullopt};
  if (frame_.opcode == Opcode::kClose && !control_.empty()) {
    if (control_.size() == 1) return Protocol("half a close code");
    message.close_code =
        static_cast<std::uint16_t>(BigEndian(std::string_view(control_).substr(0, 2)));
    message.payload.remove_prefix(2);
    if (!MayBeSent(*message.close_code)) return Protocol("a close code that must not be sent");
    if (!IsValidUtf8(message.payload)) {
      return FrameFault{CloseCode::kInvalidText, "the reason is not UTF-8"};
    }
  }
  visit(message);
  return std::nullopt;
}

FrameHead MakeFrameHead(Opcode opcode, std::size_t payload_bytes) {
  FrameHead head;
  const auto put = [&head](std::uint64_t byte) {
    head.bytes.at(head.size++) = static_cast<char>(static_cast<unsigned char>(byte & 0xFFU));
  };
  put(kFinal | static_cast<unsigned>(opcode));
  if (payload_bytes < 126) {
    put(payload_bytes);
    return head;
  }
  const bool is_long = payload_bytes > 0xFFFF;
  put(is_long ? 127 : 126);
  for (unsigned shift = is_long ? 64 : 16; shift > 0;) {
    shift -= 8;
    put(static_cast<std::uint64_t>(payload_bytes) >> shift);
  }
  return head;
}

std::string ClosePayload(CloseCode code, std::string_view reason) {
  CHECK(reason.size() <= kMaxControlPayload - 2);
  const auto number = static_cast<unsigned>(code);
  std::string payload;
  payload.push_back(static_cast<char>(number >> 8U));
  payload.push_back(static_cast<char>(number & 0xFFU));
  return payload.append(reason);
}

}  // namespace tocsin::http
