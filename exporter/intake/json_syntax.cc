#include "exporter/intake/json_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace tocsin::intake {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t CountDigits(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsDigit);
  return static_cast<std::size_t>(end - text.begin());
}

// The length of the longest number that `text` begins with; 0 where it begins with none.
std::size_t NumberLength(std::string_view text) {
  std::size_t n = text.empty() || text[0] != '-' ? 0 : 1;
  const std::size_t digits = CountDigits(text.substr(n));
  if (digits == 0) return 0;
  n += text[n] == '0' ? 1 : digits;
  if (n < text.size() && text[n] == '.') {
    const std::size_t fraction = CountDigits(text.substr(n + 1));
    if (fraction > 0) n += 1 + fraction;
  }
  if (n < text.size() && (text[n] == 'e' || text[n] == 'E')) {
    const bool sign = n + 1 < text.size() && (text[n + 1] == '+' || text[n + 1] == '-');
    const std::size_t exponent =
        CountDigits(text.substr(std::min(n + (sign ? 2 : 1), text.size())));
    if (exponent > 0) n += (sign ? 2 : 1) + exponent;
  }
  return n;
}

// The value of four hexadecimal digits, or nothing.
std::optional<unsigned> HexUnit(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  const std::optional<std::uint64_t> value =
      ParseHex64("000000000000" + std::string(text.substr(0, 4)));
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

// The offset of the first byte that no UTF-8 character begins or continues with; the size where all
// is well.
std::size_t FirstInvalidByte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t n = 1;
    while (n <= 4 && !IsValidUtf8(text.substr(at, n))) ++n;
    if (n > 4) break;
    at += n;
  }
  return at;
}

// Walks the text once. The containers that are open stand on a stack of its own, so that no text
// can make it recurse.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // False at the first error.
  bool Scan() {
    enum class Expect : std::uint8_t { kValue, kKey, kNext };
    Expect expect = Expect::kValue;
    while (true) {
      SkipBlanks();
      switch (expect) {
        case Expect::kValue:
          if (!TakeValueOrOpen()) return false;
          expect = Expect::kNext;
          if (!just_opened_) break;
          SkipBlanks();
          if (!TakeClose()) expect = open_.back() == '{' ? Expect::kKey : Expect::kValue;
          break;
        case Expect::kKey:
          if (!TakeKey()) return false;
          expect = Expect::kValue;
          break;
        case Expect::kNext:
          if (open_.empty()) return at_ == text_.size() || Fail("Extra data", at_);
          if (TakeClose()) break;
          if (!Take(',')) return Fail("Expecting ',' delimiter", at_);
          expect = open_.back() == '{' ? Expect::kKey : Expect::kValue;
          break;
      }
    }
  }

  const char* reason() const { return reason_; }
  std::size_t error_at() const { return error_at_; }

 private:
  bool Fail(const char* reason, std::size_t at) {
    reason_ = reason;
    error_at_ = at;
    return false;
  }

  char Current() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  bool Take(char c) {
    if (Current() != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool TakeValueOrOpen() {
    const char c = Current();
    just_opened_ = c == '{' || c == '[';
    if (just_opened_) {
      if (open_.size() == kMaxJsonDepth) return Fail("Nesting too deep", at_);
      open_.push_back(c);
      ++at_;
      return true;
    }
    if (c == '"') return TakeString();
    constexpr std::array<std::string_view, 6> kWords = {"true", "false",    "null",
                                                        "NaN",  "Infinity", "-Infinity"};
    for (std::string_view word : kWords) {
      if (TakeWord(word)) return true;
    }
    const std::size_t n = NumberLength(text_.substr(at_));
    at_ += n;
    return n > 0 || Fail("Expecting value", at_);
  }

  bool TakeClose() {
    if (!Take(open_.back() == '{' ? '}' : ']')) return false;
    open_.pop_back();
    return true;
  }

  bool TakeKey() {
    if (Current() != '"') return Fail("Expecting property name enclosed in double quotes", at_);
    if (!TakeString()) return false;
    SkipBlanks();
    return Take(':') || Fail("Expecting ':' delimiter", at_);
  }

  bool TakeString() {
    const std::size_t begin = at_++;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Fail("Invalid control character at", at_);
      if (c != '\\') {
        ++at_;
      } else if (!TakeEscape()) {
        return false;
      }
    }
    return Fail("Unterminated string starting at", begin);
  }

  bool TakeEscape() {
    const std::size_t begin = at_++;
    if (at_ == text_.size()) return true;  // unterminated, which the caller tells
    if (std::string_view("\"\\/bfnrt").find(text_[at_]) != std::string_view::npos) {
      ++at_;
      return true;
    }
    if (text_[at_] != 'u') return Fail("Invalid \\escape", begin);
    const std::optional<unsigned> unit = HexUnit(text_.substr(at_ + 1));
    if (!unit) return Fail("Invalid \\uXXXX escape", begin);
    at_ += 5;
    const bool high = *unit >= 0xd800 && *unit <= 0xdbff;
    const bool low = *unit >= 0xdc00 && *unit <= 0xdfff;
    if (low) return Fail("Unpaired surrogate escape", begin);
    if (!high) return true;
    if (!TakeWord("\\u")) return Fail("Unpaired surrogate escape", begin);
    const std::optional<unsigned> second = HexUnit(text_.substr(at_));
    if (!second || *second < 0xdc00 || *second > 0xdfff) {
      return Fail("Unpaired surrogate escape", begin);
    }
    at_ += 4;
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::vector<char> open_;
  bool just_opened_ = false;
  const char* reason_ = "";
  std::size_t error_at_ = 0;
};

JsonSyntaxError At(std::string_view text, const char* reason, std::size_t byte) {
  JsonSyntaxError error;
  error.reason = reason;
  for (char c : text.substr(0, byte)) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    if (begins_character) {
      ++error.pos;
      ++error.column;
    }
    if (c == '\n') {
      ++error.line;
      error.column = 1;
    }
  }
  return error;
}

}  // namespace

std::string JsonSyntaxError::ToString() const {
  return fmt::format("{}: line {} column {} (char {})", reason, line, column, pos);
}

std::optional<JsonSyntaxError> FindJsonSyntaxError(std::string_view text) {
  if (!IsValidUtf8(text)) return At(text, "Invalid UTF-8", FirstInvalidByte(text));
  Scanner scanner(text);
  if (scanner.Scan()) return std::nullopt;
  return At(text, scanner.reason(), scanner.error_at());
}

bool IsJsonNumber(std::string_view text) {
  return !text.empty() && NumberLength(text) == text.size();
}

}  // namespace tocsin::intake
