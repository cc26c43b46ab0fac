// The keys that secrets in the database are encrypted with. Each has an id, derived from the key
// and no secret, that stands in what it sealed: so that several keys may be in use at once.
//
// Keys are immutable; any thread. REQUIRES of all that follows: sodium_init() has run.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::security {

// Text with keys in it, wiped when it goes. It never grows beyond what was reserved: what a string
// leaves behind when it moves would stay.
class WipedText {
 public:
  explicit WipedText(std::size_t capacity) { text_.reserve(capacity); }
  ~WipedText();
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;

  // REQUIRES: it fits.
  void Append(std::string_view more);
  std::string_view view() const { return text_; }

 private:
  std::string text_;
};

// 32 bytes in memory of their own: kept out of swap where the system allows it, and wiped.
class EncryptionKey {
 public:
  static constexpr std::size_t kBytes = 32;

  static std::shared_ptr<const EncryptionKey> Make();  // a random one
  // 64 hexadecimal digits, or 32 bytes in Base64. No message shows what stands there.
  static Result<std::shared_ptr<const EncryptionKey>> Parse(std::string_view text);

  const unsigned char* bytes() const { return bytes_.get(); }
  const std::string& id() const { return id_; }  // 16 hexadecimal digits

  // As Parse reads it.
  static constexpr std::size_t kTextBytes = 2 * kBytes;
  void AppendTo(WipedText* text) const;

 private:
  struct Free {
    void operator()(unsigned char* bytes) const;
  };
  EncryptionKey();
  void SetId();

  std::unique_ptr<unsigned char, Free> bytes_;
  std::string id_;
};

// The first one seals; the others only open what they sealed before.
using EncryptionKeys = std::vector<std::shared_ptr<const EncryptionKey>>;

// Keys with commas, blanks or line ends between them, at least one; lines that begin with # are
// remarks.
Result<EncryptionKeys> ParseEncryptionKeys(std::string_view text);

// "0123456789abcdef, ..."
std::string IdsOf(const EncryptionKeys& keys);

}  // namespace tocsin::security
