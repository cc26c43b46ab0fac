// Walking over the text of kernel files: lines, blank-separated fields, whole numbers. Nothing is
// copied: every view lies in the text that was given.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace tocsin::host {

// Yields lines without their ends; a last line without an end counts.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  bool Next(std::string_view* line) {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    *line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }
  // Of the line that Next gave last; the first is 1.
  std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

// The whole text as a number in decimal (or another base); nothing for a sign, blanks or a rest.
inline std::optional<std::uint64_t> ParseUnsigned(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

// The same for values that may be negative, as the float that a sample carries.
inline std::optional<double> ParseInteger(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::optional<std::uint64_t> magnitude = ParseUnsigned(text);
  if (!magnitude) return std::nullopt;
  const auto value = static_cast<double>(*magnitude);
  return negative ? -value : value;
}

// Yields the fields of one line, separated by blanks and tabs.
class FieldReader {
 public:
  explicit FieldReader(std::string_view line) : rest_(line) {}

  // Empty when there are no more.
  std::string_view Next() {
    const std::size_t begin = rest_.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return rest_ = {};
    rest_.remove_prefix(begin);
    const std::string_view field = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(field.size());
    return field;
  }
  std::optional<std::uint64_t> NextUnsigned(int base = 10) { return ParseUnsigned(Next(), base); }
  bool Skip(int fields) {
    for (; fields > 0; --fields) {
      if (Next().empty()) return false;
    }
    return true;
  }

 private:
  std::string_view rest_;
};

}  // namespace tocsin::host
