#include "exporter/security/api_key.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

constexpr std::string_view kPrefix = "tocsin_";
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kLongestName = kLongestKeyName;

std::string Hex(const unsigned char* bytes, std::size_t n) {
  std::string text(2 * n + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, n);
  text.pop_back();
  return text;
}

std::string RandomHex(std::size_t n) {
  CHECK(sodium_init() >= 0);  // which may be called again, and by any thread
  std::string bytes(n, '\0');
  randombytes_buf(bytes.data(), n);
  std::string text = Hex(reinterpret_cast<const unsigned char*>(bytes.data()), n);
  sodium_memzero(bytes.data(), n);
  return text;
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool ReadHash(std::string_view text, TokenHash* hash) {
  std::size_t length = 0;
  return text.size() == 2 * hash->size() && IsLowerHex(text) &&
         sodium_hex2bin(hash->data(), hash->size(), text.data(), text.size(), nullptr, &length,
                        nullptr) == 0 &&
         length == hash->size();
}

std::optional<Timestamp> ReadTime(const nlohmann::json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end() || !found->is_number_integer()) return std::nullopt;
  return FromUnixMillis(found->get<std::int64_t>());
}

std::string ReadText(const nlohmann::json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : "";
}

JsonRow& TimeText(JsonRow& row, std::string_view name, const std::optional<Timestamp>& at) {
  return at ? row.Text(name, FormatRfc3339(*at)) : row.Null(name);
}

}  // namespace

TokenHash HashOf(std::string_view token) {
  TokenHash hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size(), nullptr, 0);
  return hash;
}

bool SameHash(const TokenHash& a, const TokenHash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view ApiKey::StateAt(Timestamp now) const {
  if (revoked_at) return "revoked";
  return expires_at && *expires_at <= now ? "expired" : "active";
}

std::optional<std::string> FindFault(const KeyOrder& order, Timestamp now) {
  if (order.name.empty() || order.name.size() > kLongestName || !IsValidUtf8(order.name)) {
    return fmt::format("the name must be a text of 1 to {} bytes", kLongestName);
  }
  if (order.scopes.empty()) return fmt::format("scopes must be some of {}", kScopeWords);
  if (order.expires_at && *order.expires_at <= now) return "the key would have expired already";
  return std::nullopt;
}

MadeKey MakeKey(const KeyOrder& order, Timestamp now) {
  MadeKey made;
  made.key.id = RandomHex(kIdBytes);
  made.token = Secret(fmt::format("{}{}_{}", kPrefix, made.key.id, RandomHex(kSecretBytes)));
  made.key.name = order.name;
  made.key.scopes = order.scopes;
  made.key.hash = HashOf(made.token.Reveal());
  made.key.created_at = now;
  made.key.created_by = order.created_by;
  made.key.expires_at = order.expires_at;
  return made;
}

bool IsKeyId(std::string_view text) { return text.size() == 2 * kIdBytes && IsLowerHex(text); }

std::string_view IdInToken(std::string_view token) {
  constexpr std::size_t kLength = kPrefix.size() + 2 * kIdBytes + 1 + 2 * kSecretBytes;
  if (token.size() != kLength || !token.starts_with(kPrefix)) return {};
  const std::string_view id = token.substr(kPrefix.size(), 2 * kIdBytes);
  return IsKeyId(id) && token[kPrefix.size() + id.size()] == '_' ? id : std::string_view();
}

std::string KeyRow(const ApiKey& key) {
  return JsonRow()
      .Number("v", 1)
      .Text("name", key.name)
      .Texts("scopes", key.scopes.Names())
      .Text("hash", Hex(key.hash.data(), key.hash.size()))
      .Time("created_at", key.created_at)
      .Text("created_by", key.created_by)
      .TimeOrNull("expires_at", key.expires_at)
      .TimeOrNull("revoked_at", key.revoked_at)
      .Finish();
}

std::optional<ApiKey> ReadKeyRow(std::string_view id, std::string_view text) {
  const nlohmann::json row = ParseJson(text);
  if (!IsKeyId(id) || !row.is_object()) return std::nullopt;
  ApiKey key;
  key.id = id;
  key.name = ReadText(row, "name");
  key.created_by = ReadText(row, "created_by");
  key.expires_at = ReadTime(row, "expires_at");
  key.revoked_at = ReadTime(row, "revoked_at");
  const std::optional<Timestamp> created_at = ReadTime(row, "created_at");
  const auto scopes = row.find("scopes");
  // An end that cannot be read must not become none.
  const bool ends_well =
      (key.expires_at || !row.contains("expires_at") || row["expires_at"].is_null()) &&
      (key.revoked_at || !row.contains("revoked_at") || row["revoked_at"].is_null());
  if (!created_at || !ends_well || scopes == row.end() || !scopes->is_array() ||
      !ReadHash(ReadText(row, "hash"), &key.hash)) {
    return std::nullopt;
  }
  key.created_at = *created_at;
  for (const nlohmann::json& word : *scopes) {
    const std::optional<Scopes> scope =
        word.is_string() ? Scopes::Parse(word.get<std::string>()) : std::nullopt;
    if (!scope) return std::nullopt;
    key.scopes.Add(*scope);
  }
  return key;
}

std::string UseRow(const KeyUse& use) {
  return JsonRow(64)
      .Number("v", 1)
      .TimeOrNull("last_used_at", use.last_used_at)
      .Flag("seen_revoked", use.seen_revoked)
      .Finish();
}

std::optional<KeyUse> ReadUseRow(std::string_view text) {
  const nlohmann::json row = ParseJson(text);
  if (!row.is_object()) return std::nullopt;
  KeyUse use;
  use.last_used_at = ReadTime(row, "last_used_at");
  const auto seen = row.find("seen_revoked");
  use.seen_revoked = seen != row.end() && seen->is_boolean() && seen->get<bool>();
  return use;
}

std::string KeyJson(const ApiKey& key, const std::optional<Timestamp>& last_used_at,
                    Timestamp now) {
  JsonRow row;
  row.Text("id", key.id)
      .Text("name", key.name)
      .Texts("scopes", key.scopes.Names())
      .Text("state", key.StateAt(now))
      .Text("source", key.of_environment ? "environment" : "database")
      .Text("created_at", FormatRfc3339(key.created_at))
      .TextOrNull("created_by", key.created_by);
  TimeText(row, "expires_at", key.expires_at);
  TimeText(row, "revoked_at", key.revoked_at);
  TimeText(row, "last_used_at", last_used_at);
  return row.Finish();
}

}  // namespace tocsin::security
