// Content codings, with limits, and base64. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// One member, as `gzip` makes it. `level` is zlib's, 1 (fast) to 9 (small).
std::string GzipCompress(std::string_view bytes, int level = 6);

struct GzipResult {
  enum class Outcome : std::uint8_t {
    kOk,
    kTooLarge,   // stopped when the limit was reached
    kMalformed,  // no gzip, damaged, cut short, or with something behind its end
  };
  Outcome outcome = Outcome::kOk;
  std::string bytes;    // where kOk
  std::string message;  // else: what is wrong

  bool ok() const { return outcome == Outcome::kOk; }
};

// Takes one coding off; several members in a row are one text, as RFC 1952 has it. Memory follows
// what comes out, never what a header announces, and stops at `max_bytes`.
// https://www.rfc-editor.org/rfc/rfc1952#section-2.2
GzipResult GzipDecompress(std::string_view bytes, std::size_t max_bytes);

// The standard alphabet with padding (RFC 4648, section 4).
std::string Base64Encode(std::string_view bytes);
// Nothing for any text that Base64Encode does not make.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace tocsin
