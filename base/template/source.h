// The text of one template file, kept as long as something parsed from it: for positions and
// excerpts in messages. Never changes; any thread.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/text.h"

namespace tocsin::gotemplate {

// A piece of the source, in bytes.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Source {
 public:
  Source(std::string file_name, std::string text)
      : file_name_(std::move(file_name)), text_(std::move(text)) {}

  std::string_view text() const { return text_; }
  const std::string& file_name() const { return file_name_; }

  // "file:line:column", both counted from one, columns in characters.
  std::string Place(std::size_t offset) const {
    const std::string_view before = std::string_view(text_).substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view in_line = before.substr(line_start);
    const auto column = std::count_if(in_line.begin(), in_line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    });
    return fmt::format("{}:{}:{}", file_name_, line, column + 1);
  }

  Error ErrorAt(std::size_t offset, std::string_view what) const {
    return Error{fmt::format("{}: {}", Place(offset), what)};
  }

  // For messages: short, and on one line.
  std::string Excerpt(Extent extent) const {
    constexpr std::size_t kMaxBytes = 60;
    const std::string_view piece =
        std::string_view(text_).substr(extent.begin, extent.end - extent.begin);
    std::string shown(TruncateUtf8(piece, kMaxBytes));
    for (char& c : shown) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    if (!IsValidUtf8(shown)) shown = QuoteForMessage(shown);
    return piece.size() > kMaxBytes ? shown + "..." : shown;
  }

 private:
  const std::string file_name_;
  const std::string text_;
};

}  // namespace tocsin::gotemplate
