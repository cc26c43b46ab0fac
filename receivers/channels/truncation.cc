#include "receivers/channels/truncation.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kMark = "…";
constexpr std::size_t kMarkBytes = kMark.size();

// `of(n)` is what a character of n bytes counts; n is 0 for a byte that is not UTF-8.
template <typename Of>
std::size_t Sum(std::string_view text, const Of& of) {
  std::size_t sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = Utf8Length(text, at);
    sum += of(bytes);
    at += std::max<std::size_t>(bytes, 1);
  }
  return sum;
}

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

std::size_t RunesIn(std::string_view text) {
  return Sum(text, [](std::size_t /*bytes*/) { return std::size_t{1}; });
}

std::size_t Utf16UnitsIn(std::string_view text) {
  return Sum(text, [](std::size_t bytes) { return std::size_t{bytes == 4 ? 2U : 1U}; });
}

std::size_t Utf8BytesIn(std::string_view text) {
  return Sum(text, [](std::size_t bytes) { return std::size_t{bytes == 0 ? 3U : bytes}; });
}

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

// More characters never take less: a binary search.
std::string EscapeToFit(std::string_view text, std::size_t limit,
                        std::size_t (*length)(std::string_view text),
                        std::string (*escape)(std::string_view text)) {
  std::size_t fits = 0;
  std::size_t too_many = std::min(RunesIn(text), limit) + 1;
  while (fits + 1 < too_many) {
    const std::size_t runes = fits + (too_many - fits) / 2;
    const bool is_good = length(escape(TruncateRunes(text, runes))) <= limit;
    (is_good ? fits : too_many) = runes;
  }
  return escape(TruncateRunes(text, fits));
}

}  // namespace tocsin::receivers
