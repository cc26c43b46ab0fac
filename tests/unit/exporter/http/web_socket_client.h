// What a WebSocket client sends and reads, byte by byte.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::http {

// A masked frame; `first` is its first byte. Lengths above 65,535 are not needed here.
inline std::string ClientFrame(unsigned first, std::string_view payload) {
  constexpr std::array<char, 4> kMask = {0x12, 0x34, 0x56, 0x78};
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80U | payload.size()));
  } else {
    frame.push_back(static_cast<char>(0xFE));
    frame.push_back(static_cast<char>(payload.size() >> 8U));
    frame.push_back(static_cast<char>(payload.size() & 0xFFU));
  }
  frame.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(payload[i] ^ kMask.at(i % 4)));
  }
  return frame;
}

// A frame from the server, taken off the front of what came; nothing where it is not whole.
struct ServerFrame {
  unsigned first = 0;
  std::string payload;
};
inline std::optional<ServerFrame> TakeServerFrame(std::string* bytes) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>((*bytes)[i]));
  };
  if (bytes->size() < 2) return std::nullopt;
  std::size_t length = byte(1);
  std::size_t head = 2;
  const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (more > 0) {
    head += more;
    if (bytes->size() < head) return std::nullopt;
    length = 0;
    for (std::size_t i = 2; i < head; ++i) length = length << 8U | byte(i);
  }
  if (bytes->size() < head + length) return std::nullopt;
  ServerFrame frame{static_cast<unsigned>(byte(0)), bytes->substr(head, length)};
  bytes->erase(0, head + length);
  return frame;
}

}  // namespace tocsin::http
