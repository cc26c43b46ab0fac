// API keys: what is known of each, how it is kept, and the token that its holder sends.
//
// A token is "tocsin_<id>_<secret>": 64 random bits in hexadecimal digits that name the key, and
// 256 that prove it. Kept is a hash (BLAKE2b): a secret of that length cannot be guessed, so a slow
// hash would only make requests slow. Rows of the table: `key/<id>` is the key, written once by
// whoever makes it and once more when it is revoked, maybe by another process; `use/<id>` is the
// running daemon's alone.
//
// Plain values and pure functions but for the random source; any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/scopes.h"
#include "base/secret.h"
#include "base/time.h"

namespace tocsin::security {

using TokenHash = std::array<unsigned char, 32>;
TokenHash HashOf(std::string_view token);
// In a time that does not tell where they differ.
bool SameHash(const TokenHash& a, const TokenHash& b);

struct ApiKey {
  std::string id;
  std::string name;
  Scopes scopes;
  TokenHash hash{};
  Timestamp created_at;
  std::string created_by;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;
  bool of_environment = false;  // never stored

  friend bool operator==(const ApiKey&, const ApiKey&) = default;

  // "active", "expired", "revoked".
  std::string_view StateAt(Timestamp now) const;
};

inline constexpr std::size_t kLongestKeyName = 255;  // bytes

struct KeyOrder {
  std::string name;
  Scopes scopes;
  std::string created_by;
  std::optional<Timestamp> expires_at;
};
// 1 to 255 bytes of text; says what is wrong.
std::optional<std::string> FindFault(const KeyOrder& order, Timestamp now);

struct MadeKey {
  ApiKey key;
  Secret token;  // to be shown once
};
MadeKey MakeKey(const KeyOrder& order, Timestamp now);

// The id in a token; empty where the text has not its form.
std::string_view IdInToken(std::string_view token);
// Sixteen lower-case hexadecimal digits.
bool IsKeyId(std::string_view text);

// ---- rows of StateTable::kApiKeys

inline constexpr std::string_view kKeyRows = "key/";
inline constexpr std::string_view kUseRows = "use/";

std::string KeyRow(const ApiKey& key);
// Nothing where the row is damaged.
std::optional<ApiKey> ReadKeyRow(std::string_view id, std::string_view row);

// What the daemon knows of a key beside the key.
struct KeyUse {
  std::optional<Timestamp> last_used_at;
  bool seen_revoked = false;  // its revocation stands in the audit log; its making does in any case

  friend bool operator==(const KeyUse&, const KeyUse&) = default;
};
std::string UseRow(const KeyUse& use);
std::optional<KeyUse> ReadUseRow(std::string_view row);

// As the API shows it and the audit log keeps it: without its hash.
std::string KeyJson(const ApiKey& key, const std::optional<Timestamp>& last_used_at, Timestamp now);

}  // namespace tocsin::security
