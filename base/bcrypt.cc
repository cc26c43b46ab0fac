#include "base/bcrypt.h"

#include <crypt.h>
#include <fmt/format.h>
#include <sodium/utils.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace tocsin {
namespace {

constexpr std::size_t kHashLength = 60;
constexpr std::size_t kSettingLength = 29;  // with the salt
constexpr std::size_t kMostBytes = 72;      // of a password
constexpr int kLeastCost = 4;
constexpr int kMostCost = 31;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsOfItsAlphabet(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

}  // namespace

std::optional<int> BcryptCost(std::string_view hash) {
  if (hash.size() != kHashLength || !hash.starts_with("$2")) return std::nullopt;
  const char minor = hash[2];
  if (minor != 'a' && minor != 'b' && minor != 'y') return std::nullopt;
  if (hash[3] != '$' || !IsDigit(hash[4]) || !IsDigit(hash[5]) || hash[6] != '$') {
    return std::nullopt;
  }
  const std::string_view rest = hash.substr(7);
  if (!std::all_of(rest.begin(), rest.end(), IsOfItsAlphabet)) return std::nullopt;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < kLeastCost || cost > kMostCost) return std::nullopt;
  return cost;
}

bool BcryptMatches(std::string_view password, std::string_view hash) {
  if (!BcryptCost(hash)) return false;
  const bool has_nul = password.find('\0') != std::string_view::npos;
  const std::string phrase(password.substr(0, kMostBytes));
  // The three spellings name one algorithm; libcrypt guards its $2a$ against the mistakes of an
  // old implementation, which others do not have.
  std::string setting(hash.substr(0, kSettingLength));
  setting[2] = 'b';
  const auto data = std::make_unique<crypt_data>();  // 32 KiB, too large for some stacks
  const char* made = crypt_r(phrase.c_str(), setting.c_str(), data.get());
  if (made == nullptr || std::string_view(made).size() != kHashLength) return false;
  // Not the salt, whose last character has bits that do not count.
  const bool equal = sodium_memcmp(made + kSettingLength, hash.data() + kSettingLength,
                                   kHashLength - kSettingLength) == 0;
  return equal && !has_nul;
}

std::string UnmatchableBcrypt(int cost) {
  CHECK(cost >= kLeastCost && cost <= kMostCost);
  return fmt::format("$2b${:02}${}", cost, std::string(kHashLength - 7, '.'));
}

}  // namespace tocsin
