#include "receivers/channels/hmac_sha256.h"

#include <fmt/format.h>
#include <sodium/crypto_auth_hmacsha256.h>

#include <array>

namespace tocsin::receivers {

std::string HmacSha256(std::string_view key, std::string_view text) {
  const auto bytes = [](std::string_view from) {
    return reinterpret_cast<const unsigned char*>(from.data());
  };
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  crypto_auth_hmacsha256_final(&state, digest.data());
  return {digest.begin(), digest.end()};
}

std::string HmacSha256Hex(std::string_view key, std::string_view text) {
  std::string hex;
  for (const char c : HmacSha256(key, text)) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return hex;
}

}  // namespace tocsin::receivers
