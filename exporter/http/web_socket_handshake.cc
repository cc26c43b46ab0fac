#include "exporter/http/web_socket_handshake.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"
#include "base/text.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::size_t kNonceBytes = 16;

bool HasToken(const Request& request, std::string_view header, std::string_view token) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& one) {
    if (!EqualsIgnoreCase(one.first, header)) return false;
    const std::vector<std::string_view> list = Split(one.second, ',');
    return std::any_of(list.begin(), list.end(), [&](std::string_view candidate) {
      return EqualsIgnoreCase(TrimSpace(candidate), token);
    });
  });
}

// SHA-1, which the handshake asks for to tell a WebSocket server from others: it protects nothing.
// https://www.rfc-editor.org/rfc/rfc3174
class Sha1 {
 public:
  static std::string Of(std::string text) {
    const std::uint64_t bits = text.size() * 8;
    text.push_back(static_cast<char>(0x80));
    while (text.size() % 64 != 56) text.push_back('\0');
    for (unsigned shift = 64; shift > 0;) text.push_back(static_cast<char>(bits >> (shift -= 8)));
    Sha1 sum;
    for (std::size_t at = 0; at < text.size(); at += 64) {
      sum.Add(std::string_view(text).substr(at, 64));
    }
    std::string digest;
    for (const std::uint32_t word : sum.state_) {
      for (unsigned shift = 32; shift > 0;) {
        digest.push_back(static_cast<char>(word >> (shift -= 8)));
      }
    }
    return digest;
  }

 private:
  void Add(std::string_view block) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < 64; ++i) {
      w.at(i / 4) = w.at(i / 4) << 8U | static_cast<unsigned char>(block[i]);
    }
    for (std::size_t i = 16; i < 80; ++i) {
      w.at(i) = std::rotl(w.at(i - 3) ^ w.at(i - 8) ^ w.at(i - 14) ^ w.at(i - 16), 1);
    }
    auto [a, b, c, d, e] = state_;
    for (std::size_t i = 0; i < 80; ++i) {
      std::uint32_t f = b ^ c ^ d;
      std::uint32_t k = i < 40 ? 0x6ED9EBA1 : 0xCA62C1D6;
      if (i < 20) {
        f = (b & c) | (~b & d);
        k = 0x5A827999;
      } else if (i >= 40 && i < 60) {
        f = (b & c) | (b & d) | (c & d);
        k = 0x8F1BBCDC;
      }
      const std::uint32_t next = std::rotl(a, 5) + f + e + k + w.at(i);
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> sums = {a, b, c, d, e};
    for (std::size_t i = 0; i < sums.size(); ++i) state_.at(i) += sums.at(i);
  }

  std::array<std::uint32_t, 5> state_ = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476,
                                         0xC3D2E1F0};
};

}  // namespace

std::optional<Response> FindHandshakeFault(const Request& request, ErrorStyle style) {
  if (!HasToken(request, "Upgrade", "websocket") || !HasToken(request, "Connection", "upgrade")) {
    Response response = ErrorResponse(426, style, "This is a WebSocket: ask for an upgrade");
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  if (request.Header("Sec-WebSocket-Version") != kVersion) {
    Response response = ErrorResponse(426, style, "Only version 13 of WebSocket is spoken here");
    response.headers.emplace_back("Sec-WebSocket-Version", kVersion);
    return response;
  }
  const std::optional<std::string> nonce = Base64Decode(request.Header("Sec-WebSocket-Key"));
  if (!nonce || nonce->size() != kNonceBytes) {
    return ErrorResponse(400, style, "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  return std::nullopt;
}

std::string HandshakeAnswer(std::string_view key) {
  return Base64Encode(Sha1::Of(std::string(key).append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}

}  // namespace tocsin::http
