#include "base/go_quote.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace tocsin {
namespace {

// The letter after the backslash, and what it stands for.
constexpr std::pair<char, char> kEscapes[] = {{'a', '\a'}, {'b', '\b'},  {'f', '\f'},
                                              {'n', '\n'}, {'r', '\r'},  {'t', '\t'},
                                              {'v', '\v'}, {'\\', '\\'}, {'"', '"'}};

// Letters, marks, numbers, punctuation and symbols: unicode.IsPrint beyond ASCII. RE2 brings the
// tables.
bool IsPrintable(std::string_view character) {
  static const re2::RE2 kPrintable("[\\pL\\pM\\pN\\pP\\pS]");
  return re2::RE2::FullMatch(re2::StringPiece(character.data(), character.size()), kPrintable);
}

void AppendQuotedAscii(char c, std::string* out) {
  for (const auto& [letter, meaning] : kEscapes) {
    if (c != meaning) continue;
    out->push_back('\\');
    out->push_back(letter);
    return;
  }
  if (c >= ' ' && c < 0x7f) {
    out->push_back(c);
  } else {
    *out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

void AppendQuotedWide(std::string_view character, std::string* out) {
  const char32_t c = Utf8CharAt(character, 0);
  if (IsPrintable(character)) {
    out->append(character);
  } else if (c < 0x10000) {
    *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  } else {
    *out += fmt::format("\\U{:08x}", static_cast<unsigned>(c));
  }
}

// Takes `count` digits of the base (8 or 16) off the front.
std::optional<char32_t> TakeDigits(std::string_view* text, std::size_t count, int base) {
  if (text->size() < count) return std::nullopt;
  char32_t value = 0;
  for (const char c : text->substr(0, count)) {
    const int digit = HexDigit(c);
    if (digit < 0 || digit >= base) return std::nullopt;
    value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
  }
  text->remove_prefix(count);
  return value;
}

bool AppendByte(std::optional<char32_t> value, std::string* out) {
  if (!value || *value > 0xff) return false;
  out->push_back(static_cast<char>(*value));
  return true;
}

bool AppendCharacter(std::optional<char32_t> value, std::string* out) {
  if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) return false;
  AppendUtf8(*value, out);
  return true;
}

// Takes one escape, without its backslash, off the front of *text.
bool TakeEscape(std::string_view* text, std::string* out) {
  if (text->empty()) return false;
  const char letter = text->front();
  if (letter >= '0' && letter <= '7') return AppendByte(TakeDigits(text, 3, 8), out);
  text->remove_prefix(1);
  if (letter == 'x') return AppendByte(TakeDigits(text, 2, 16), out);
  if (letter == 'u') return AppendCharacter(TakeDigits(text, 4, 16), out);
  if (letter == 'U') return AppendCharacter(TakeDigits(text, 8, 16), out);
  const auto* const it = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                      [letter](const auto& e) { return e.first == letter; });
  if (it == std::end(kEscapes)) return false;
  out->push_back(it->second);
  return true;
}

}  // namespace

std::string GoQuote(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = Utf8Length(text, at);
    if (n <= 1) {
      AppendQuotedAscii(text[at], &out);  // or a byte that is no UTF-8: \x..
    } else {
      AppendQuotedWide(text.substr(at, n), &out);
    }
    at += std::max<std::size_t>(n, 1);
  }
  out.push_back('"');
  return out;
}

std::optional<std::string> GoUnquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != '"' || literal.back() != '"') return std::nullopt;
  std::string_view rest = literal.substr(1, literal.size() - 2);
  std::string out;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"' || c == '\n') return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
    } else if (!TakeEscape(&rest, &out)) {
      return std::nullopt;
    }
  }
  if (!IsValidUtf8(out)) return std::nullopt;
  return out;
}

bool IsUnicodeSpace(char32_t c) {
  // White_Space of https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

}  // namespace tocsin
