#include "receivers/channels/truncation.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kMark = "…";
constexpr std::size_t kMarkBytes = kMark.size();

// The length in bytes of the first `count` characters; a byte that is not UTF-8 counts as one. The
// whole length where there are no more.
std::size_t BytesOfRunes(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size() && count > 0; --count) {
    at += std::max<std::size_t>(Utf8Length(text, at), 1);
  }
  return at;
}

}  // namespace

std::string TruncateRunes(std::string_view text, std::size_t limit) {
  const std::size_t fits = BytesOfRunes(text, limit);
  if (fits == text.size()) return std::string(text);
  if (limit <= 3) return std::string(text.substr(0, fits));
  return std::string(text.substr(0, BytesOfRunes(text, limit - 1))).append(kMark);
}

std::string TruncateBytes(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  if (limit < kMarkBytes) return std::string(limit, '.');
  return std::string(TruncateUtf8(text, limit - kMarkBytes)).append(kMark);
}

}  // namespace tocsin::receivers
