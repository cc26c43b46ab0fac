// SecretBox: authenticated encryption of small texts that are kept in the database
// (XChaCha20-Poly1305 with a random nonce: https://doc.libsodium.org/secret-key_cryptography/aead).
//
// What is sealed is bound to its place: moved to another one it does not open. It says which key
// sealed it, so that keys can be changed one text at a time. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "exporter/security/encryption_keys.h"

namespace tocsin::security {

// Where a sealed text belongs.
struct SecretPlace {
  std::string owner;  // "receiver/ops"
  std::string field;  // "settings"
};

class SecretBox {
 public:
  // REQUIRES: there is a key.
  explicit SecretBox(EncryptionKeys keys);

  // "tocsin1:KEY-ID:BASE64". The same text comes out differently each time.
  std::string Seal(std::string_view text, const SecretPlace& place) const;
  // Fails where its key is not among ours, and where text, key id or place were altered; the
  // message goes on from the name of what it is about: "is encrypted with the key ...".
  Result<Secret> Open(std::string_view sealed, const SecretPlace& place) const;

  // The key that sealed it; empty where it is no sealed text.
  static std::string_view KeyOf(std::string_view sealed);
  // Whether Seal would take the key that sealed it.
  bool IsCurrent(std::string_view sealed) const { return KeyOf(sealed) == keys_.front()->id(); }

  const EncryptionKeys& keys() const { return keys_; }

 private:
  const EncryptionKeys keys_;
};

}  // namespace tocsin::security
