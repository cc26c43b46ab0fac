#include "base/group_key.h"

#include <fmt/format.h>
#include <sodium/crypto_hash_sha256.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

#include "base/check.h"
#include "base/go_quote.h"
#include "base/matcher_text.h"

namespace tocsin {

std::string GroupKey(const std::vector<std::vector<Matcher>>& route_matchers,
                     LabelsView group_labels) {
  std::string key;
  for (const std::vector<Matcher>& matchers : route_matchers) {
    if (!key.empty()) key.push_back('/');
    key += FormatMatchers(matchers);
  }
  key += ":{";
  std::string_view separator;
  for (const Label& label : group_labels) {
    key += fmt::format("{}{}={}", separator, label.name, GoQuote(label.value));
    separator = ", ";
  }
  key.push_back('}');
  return key;
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::uint64_t LogHash(LabelsView labels) {
  std::string bytes;
  for (const Label& label : labels) {
    bytes.append(label.name).push_back('\xff');
    bytes.append(label.value).push_back('\xff');
  }
  const char* const begin = bytes.data();
  CHECK(begin != nullptr);  // a string's never is; clang's analyzer wants to be told
  return XXH64(begin, bytes.size(), 0);
}

}  // namespace tocsin
