#include "exporter/security/secret_box.h"

#include <fmt/format.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace tocsin::security {
namespace {

constexpr std::string_view kFormat = "tocsin1:";
constexpr std::size_t kIdCharacters = 16;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;
static_assert(EncryptionKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

using Bytes = std::vector<unsigned char>;

const unsigned char* Data(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// No two places have the same: each part says how long it is.
std::string BoundTo(const SecretPlace& place) {
  return fmt::format("{}{}:{}{}:{}", kFormat, place.owner.size(), place.owner, place.field.size(),
                     place.field);
}

std::string Base64(const Bytes& bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kBase64);
  text.pop_back();  // the NUL
  return text;
}

// Nonce, text, tag.
std::optional<Bytes> SealedBytes(std::string_view base64) {
  if (base64.empty()) return std::nullopt;  // libsodium wants somewhere to write
  Bytes bytes(base64.size());
  std::size_t length = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), base64.data(), base64.size(), nullptr, &length,
                        nullptr, kBase64) != 0 ||
      length < kNonceBytes + kTagBytes) {
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

std::optional<Secret> Decrypt(const Bytes& sealed, const std::string& bound,
                              const EncryptionKey& key) {
  std::string text(sealed.size() - kNonceBytes - kTagBytes, '\0');
  unsigned long long length = 0;  // NOLINT(google-runtime-int): the library's
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(text.data()),
                                                 &length, nullptr, sealed.data() + kNonceBytes,
                                                 sealed.size() - kNonceBytes, Data(bound),
                                                 bound.size(), sealed.data(), key.bytes()) != 0) {
    return std::nullopt;
  }
  return Secret(std::move(text));
}

}  // namespace

SecretBox::SecretBox(EncryptionKeys keys) : keys_(std::move(keys)) { CHECK(!keys_.empty()); }

std::string SecretBox::Seal(std::string_view text, const SecretPlace& place) const {
  const EncryptionKey& key = *keys_.front();
  const std::string bound = BoundTo(place);
  Bytes sealed(kNonceBytes + text.size() + kTagBytes);
  randombytes_buf(sealed.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonceBytes, nullptr, Data(text),
                                             text.size(), Data(bound), bound.size(), nullptr,
                                             sealed.data(), key.bytes());
  return fmt::format("{}{}:{}", kFormat, key.id(), Base64(sealed));
}

std::string_view SecretBox::KeyOf(std::string_view sealed) {
  const std::size_t end = kFormat.size() + kIdCharacters;
  if (!sealed.starts_with(kFormat) || sealed.size() <= end || sealed[end] != ':') return {};
  return sealed.substr(kFormat.size(), kIdCharacters);
}

Result<Secret> SecretBox::Open(std::string_view sealed, const SecretPlace& place) const {
  const std::string_view id = KeyOf(sealed);
  if (id.empty()) return Error{"was altered: what stands there is not encrypted"};
  const auto key =
      std::find_if(keys_.begin(), keys_.end(), [id](const auto& each) { return each->id() == id; });
  const bool is_id = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (key == keys_.end() && is_id) {
    return Error{fmt::format("is encrypted with the key {}, and not with {}", id, IdsOf(keys_))};
  }
  std::optional<Secret> text;
  if (key != keys_.end()) {
    const std::optional<Bytes> bytes =
        SealedBytes(sealed.substr(kFormat.size() + kIdCharacters + 1));
    if (bytes) text = Decrypt(*bytes, BoundTo(place), **key);
  }
  if (!text) return Error{"was altered, or moved here from another place"};
  return *std::move(text);
}

}  // namespace tocsin::security
