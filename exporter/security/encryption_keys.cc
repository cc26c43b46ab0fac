#include "exporter/security/encryption_keys.h"

#include <fmt/format.h>
#include <sodium/crypto_generichash.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace tocsin::security {
namespace {

constexpr std::size_t kKeyIdBytes = 8;
// So that an id is the hash of nothing else.
constexpr std::string_view kIdPurpose = "tocsin encryption key id";
constexpr std::string_view kBetweenKeys = ", \t\r";

unsigned char* NewBytes() {
  auto* const bytes = static_cast<unsigned char*>(sodium_malloc(EncryptionKey::kBytes));
  CHECK(bytes != nullptr);
  return bytes;
}

// Into exactly so many bytes.
bool Decode(std::string_view text, unsigned char* bytes) {
  std::size_t length = 0;
  if (text.size() == EncryptionKey::kTextBytes) {
    return sodium_hex2bin(bytes, EncryptionKey::kBytes, text.data(), text.size(), nullptr, &length,
                          nullptr) == 0 &&
           length == EncryptionKey::kBytes;
  }
  for (const int variant :
       {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE,
        sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE_NO_PADDING}) {
    if (sodium_base642bin(bytes, EncryptionKey::kBytes, text.data(), text.size(), nullptr, &length,
                          nullptr, variant) == 0 &&
        length == EncryptionKey::kBytes) {
      return true;
    }
  }
  return false;
}

}  // namespace

// ---- WipedText

WipedText::~WipedText() { sodium_memzero(text_.data(), text_.size()); }

void WipedText::Append(std::string_view more) {
  CHECK(text_.size() + more.size() <= text_.capacity());
  text_.append(more);
}

// ---- EncryptionKey

void EncryptionKey::Free::operator()(unsigned char* bytes) const { sodium_free(bytes); }

EncryptionKey::EncryptionKey() : bytes_(NewBytes()) {}

std::shared_ptr<const EncryptionKey> EncryptionKey::Make() {
  std::shared_ptr<EncryptionKey> key(new EncryptionKey());
  randombytes_buf(key->bytes_.get(), kBytes);
  key->SetId();
  return key;
}

Result<std::shared_ptr<const EncryptionKey>> EncryptionKey::Parse(std::string_view text) {
  std::shared_ptr<EncryptionKey> key(new EncryptionKey());
  if (!Decode(text, key->bytes_.get())) {
    return Error{
        "a key must be 64 hexadecimal digits, or 32 bytes in Base64; `openssl rand -hex 32` "
        "makes one"};
  }
  key->SetId();
  return std::shared_ptr<const EncryptionKey>(std::move(key));
}

void EncryptionKey::SetId() {
  unsigned char
      hash[kKeyIdBytes > crypto_generichash_BYTES_MIN ? kKeyIdBytes : crypto_generichash_BYTES_MIN];
  crypto_generichash(hash, sizeof(hash), reinterpret_cast<const unsigned char*>(kIdPurpose.data()),
                     kIdPurpose.size(), bytes_.get(), kBytes);
  char text[2 * kKeyIdBytes + 1];
  sodium_bin2hex(text, sizeof(text), hash, kKeyIdBytes);
  id_ = text;
}

void EncryptionKey::AppendTo(WipedText* text) const {
  char hex[kTextBytes + 1];
  sodium_bin2hex(hex, sizeof(hex), bytes_.get(), kBytes);
  text->Append({hex, kTextBytes});
  sodium_memzero(hex, sizeof(hex));
}

// ---- several

Result<EncryptionKeys> ParseEncryptionKeys(std::string_view text) {
  EncryptionKeys keys;
  std::size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (TrimSpace(line).starts_with('#')) continue;
    while (true) {
      line.remove_prefix(std::min(line.find_first_not_of(kBetweenKeys), line.size()));
      if (line.empty()) break;
      const std::string_view word = line.substr(0, line.find_first_of(kBetweenKeys));
      line.remove_prefix(word.size());
      ++number;
      Result<std::shared_ptr<const EncryptionKey>> key = EncryptionKey::Parse(word);
      if (!key) return Error{fmt::format("key {} of it is none: {}", number, key.message())};
      const bool is_known = std::any_of(keys.begin(), keys.end(), [&key](const auto& other) {
        return other->id() == (*key)->id();
      });
      if (!is_known) keys.push_back(*std::move(key));
    }
  }
  if (keys.empty()) return Error{"it holds no key"};
  return keys;
}

std::string IdsOf(const EncryptionKeys& keys) {
  std::string ids;
  for (const auto& key : keys) {
    if (!ids.empty()) ids += ", ";
    ids += key->id();
  }
  return ids;
}

}  // namespace tocsin::security
