#include "base/bytes.h"

#include <fmt/format.h>
#include <sodium/utils.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace tocsin {
namespace {

// zlib's window of 2^15 bytes, plus 16: a gzip header and trailer instead of zlib's own.
// https://www.zlib.net/manual.html#Advanced
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kDefaultMemoryLevel = 8;
constexpr std::size_t kFirstBuffer = 16 * 1024;

// zlib takes non-const input and 32-bit lengths; callers hand over at most this much at once.
constexpr std::size_t kMaxPiece = std::numeric_limits<uInt>::max() / 2;

Bytef* InputOf(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

class Inflater {
 public:
  Inflater() { CHECK(inflateInit2(&stream_, kGzipWindowBits) == Z_OK); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends at most `room` bytes; returns zlib's verdict.
  int Step(std::string_view* input, std::size_t room, std::string* out) {
    const std::size_t before = out->size();
    out->resize(before + std::min(room, kMaxPiece));
    const auto offered = static_cast<uInt>(std::min(input->size(), kMaxPiece));
    stream_.next_in = InputOf(*input);
    stream_.avail_in = offered;
    stream_.next_out = reinterpret_cast<Bytef*>(out->data() + before);
    stream_.avail_out = static_cast<uInt>(out->size() - before);
    const int verdict = inflate(&stream_, Z_NO_FLUSH);
    out->erase(out->size() - stream_.avail_out);
    input->remove_prefix(offered - stream_.avail_in);
    return verdict;
  }
  void NextMember() { CHECK(inflateReset(&stream_) == Z_OK); }
  const char* message() const { return stream_.msg != nullptr ? stream_.msg : "damaged data"; }

 private:
  z_stream stream_{};
};

GzipResult Malformed(std::string why) {
  return {GzipResult::Outcome::kMalformed, {}, std::move(why)};
}

GzipResult TooLarge(std::size_t max_bytes) {
  return {GzipResult::Outcome::kTooLarge,
          {},
          fmt::format("decompressed body exceeds the limit of {} bytes", max_bytes)};
}

}  // namespace

std::string GzipCompress(std::string_view bytes, int level) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindowBits, kDefaultMemoryLevel,
                     Z_DEFAULT_STRATEGY) == Z_OK);
  CHECK(bytes.size() <= kMaxPiece);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = InputOf(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

GzipResult GzipDecompress(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.empty()) return Malformed("the gzip body is empty");
  Inflater inflater;
  GzipResult result;
  std::string& out = result.bytes;
  while (true) {
    // One byte more than allowed tells "exactly at the limit" from "beyond it".
    const std::size_t room = max_bytes + 1 - out.size();
    const int verdict =
        inflater.Step(&bytes, std::min(room, std::max(kFirstBuffer, out.size())), &out);
    if (out.size() > max_bytes) return TooLarge(max_bytes);
    if (verdict == Z_STREAM_END) {
      if (bytes.empty()) return result;
      inflater.NextMember();
    } else if (verdict == Z_BUF_ERROR) {
      // There is room for output in every step: so the input has run dry.
      return Malformed("the gzip body is cut short");
    } else if (verdict != Z_OK) {
      return Malformed(fmt::format("the gzip body is malformed: {}", inflater.message()));
    }
  }
}

std::string Base64Encode(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= three.size() ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return out;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  std::string out(text.size() / 4 * 3, '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), /*ignore=*/nullptr, &length, /*b64_end=*/nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  out.resize(length);
  return out;
}

}  // namespace tocsin
