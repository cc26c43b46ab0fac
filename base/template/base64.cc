#include "base/template/base64.h"

#include <algorithm>
#include <cstdint>

namespace tocsin::gotemplate {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group =
          group << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    const std::size_t letters = std::min<std::size_t>(bytes.size() - at, 3) + 1;
    for (std::size_t i = 0; i < 4; ++i) {
      out += i < letters ? kAlphabet[group >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return out;
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string letters;
  for (char c : text) {
    if (c != '\r' && c != '\n') letters += c;
  }
  if (letters.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && !letters.empty() && letters.back() == '=') {
    letters.pop_back();
    ++padding;
  }
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (char c : letters) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> static_cast<unsigned>(bits) & 0xffU);
  }
  return out;
}

}  // namespace tocsin::gotemplate
