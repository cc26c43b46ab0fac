#include "base/uuid.h"

#include <sys/random.h>

#include <array>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/text.h"

namespace tocsin {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::uint64_t kLow52Bits = (std::uint64_t{1} << 52U) - 1;

std::string Format(Bytes bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | (version << 4U));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHexDigits[bytes.at(i) >> 4U]);
    out.push_back(kHexDigits[bytes.at(i) & 0x0fU]);
  }
  return out;
}

}  // namespace

std::string RandomUuid() {
  Bytes bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t n = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (n > 0) filled += static_cast<std::size_t>(n);  // else interrupted: again
  }
  return Format(bytes, 4);
}

std::string UuidFromName(std::string_view name) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(name.data(), name.size()));
  Bytes bytes{};
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), bytes.begin());
  return Format(bytes, 8);
}

// The time in the first 48 bits, so that ids sort by it; then, around the bits that say "UUID",
// 12 bits of the number, ten zeroes and the other 52.
std::string UuidOf(std::uint64_t number, std::int64_t millis) {
  const std::uint64_t high = (static_cast<std::uint64_t>(millis) << 16U) | (number >> 52U);
  const std::uint64_t low = number & kLow52Bits;
  Bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes.at(i) = static_cast<std::uint8_t>(high >> (8 * (7 - i)));
    bytes.at(8 + i) = static_cast<std::uint8_t>(low >> (8 * (7 - i)));
  }
  return Format(bytes, 8);
}

std::optional<NumberedUuid> ParseNumberedUuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits.push_back(c);
  }
  if (digits.size() != 32) return std::nullopt;
  const std::optional<std::uint64_t> high = ParseHex64(std::string_view(digits).substr(0, 16));
  const std::optional<std::uint64_t> low = ParseHex64(std::string_view(digits).substr(16));
  if (!high || !low) return std::nullopt;
  const NumberedUuid parsed{((*high & 0xfffU) << 52U) | (*low & kLow52Bits),
                            static_cast<std::int64_t>(*high >> 16U)};
  if (UuidOf(parsed.number, parsed.millis) != text) return std::nullopt;
  return parsed;
}

}  // namespace tocsin
