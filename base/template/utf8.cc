#include "base/template/utf8.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

unsigned ByteAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::size_t LengthFromFirstByte(unsigned first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, blanks, format characters and what no character will ever be.
constexpr std::array<Range, 16> kNotPrintable = {{{0x00, 0x1f},
                                                  {0x7f, 0xa0},
                                                  {0xad, 0xad},
                                                  {0x600, 0x605},
                                                  {0x61c, 0x61c},
                                                  {0x6dd, 0x6dd},
                                                  {0x70f, 0x70f},
                                                  {0x1680, 0x1680},
                                                  {0x180e, 0x180e},
                                                  {0x2000, 0x200f},
                                                  {0x2028, 0x202f},
                                                  {0x205f, 0x206f},
                                                  {0x3000, 0x3000},
                                                  {0xd800, 0xf8ff},
                                                  {0xfeff, 0xfeff},
                                                  {0xfff0, 0xfffb}}};

// Blocks in which upper and lower case letters alternate, beginning with an upper case one.
constexpr std::array<Range, 6> kAlternatingEven = {{{0x100, 0x12f},
                                                    {0x132, 0x137},
                                                    {0x14a, 0x177},
                                                    {0x1e00, 0x1e95},
                                                    {0x460, 0x481},
                                                    {0x48a, 0x4bf}}};
constexpr std::array<Range, 3> kAlternatingOdd = {{{0x139, 0x148}, {0x179, 0x17e}, {0x4c1, 0x4ce}}};

template <std::size_t N>
bool IsIn(char32_t c, const std::array<Range, N>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

}  // namespace

Character DecodeCharacter(std::string_view text, std::size_t at) {
  const unsigned first = ByteAt(text, at);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = LengthFromFirstByte(first);
  if (size == 0 || at + size > text.size() || !IsValidUtf8(text.substr(at, size))) {
    return {kReplacementCharacter, 1, false};
  }
  char32_t value = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = value << 6U | (ByteAt(text, at + i) & 0x3fU);
  return {value, size, true};
}

void AppendCharacter(char32_t c, std::string* out) {
  if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) c = kReplacementCharacter;
  const auto append = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    append(c);
    return;
  }
  if (c < 0x800) {
    append(0xc0U | c >> 6U);
  } else {
    if (c < 0x10000) {
      append(0xe0U | c >> 12U);
    } else {
      append(0xf0U | c >> 18U);
      append(0x80U | (c >> 12U & 0x3fU));
    }
    append(0x80U | (c >> 6U & 0x3fU));
  }
  append(0x80U | (c & 0x3fU));
}

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += DecodeCharacter(text, at).size) ++count;
  return count;
}

bool IsPrintable(char32_t c) {
  if (IsIn(c, kNotPrintable) || (c & 0xfffeU) == 0xfffe) return false;
  return c < 0xe0000;
}

char32_t ToUpper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (c == 0xb5) return 0x39c;
  if (c == 0xff) return 0x178;
  if (c >= 0xe0 && c <= 0xfe && c != 0xf7) return c - 32;
  if (IsIn(c, kAlternatingEven) && c != 0x131) return c & ~char32_t{1};
  if (IsIn(c, kAlternatingOdd)) return (c & 1U) == 0 ? c - 1 : c;
  if (c == 0x3c2) return 0x3a3;
  if (c >= 0x3b1 && c <= 0x3cb) return c - 32;
  if (c == 0x3ac) return 0x386;
  if (c >= 0x3ad && c <= 0x3af) return c - 37;
  if (c == 0x3cc) return 0x38c;
  if (c == 0x3cd || c == 0x3ce) return c - 63;
  if (c >= 0x430 && c <= 0x44f) return c - 32;
  if (c >= 0x450 && c <= 0x45f) return c - 80;
  return c;
}

char32_t ToLower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c == 0x178) return 0xff;
  if (c >= 0xc0 && c <= 0xde && c != 0xd7) return c + 32;
  if (c == 0x130) return 'i';
  if (IsIn(c, kAlternatingEven)) return c | 1U;
  if (IsIn(c, kAlternatingOdd)) return (c & 1U) == 1 ? c + 1 : c;
  if (c == 0x386) return 0x3ac;
  if (c >= 0x388 && c <= 0x38a) return c + 37;
  if (c == 0x38c) return 0x3cc;
  if (c == 0x38e || c == 0x38f) return c + 63;
  if (c >= 0x391 && c <= 0x3ab && c != 0x3a2) return c + 32;
  if (c >= 0x410 && c <= 0x42f) return c + 32;
  if (c >= 0x400 && c <= 0x40f) return c + 80;
  return c;
}

bool IsLetterOrDigit(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
  return c != 0xd7 && c != 0xf7 && IsPrintable(c) && !(c >= 0x2010 && c <= 0x2bff) &&
         !(c >= 0x3000 && c <= 0x3020) && !(c >= 0x1f000 && c <= 0x1faff) &&
         c != kReplacementCharacter;
}

namespace {

template <typename Map>
std::string MapCharacters(std::string_view text, const Map& map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    AppendCharacter(map(c.value), &out);
    at += c.size;
  }
  return out;
}

}  // namespace

std::string ToUpper(std::string_view text) {
  return MapCharacters(text, [](char32_t c) { return ToUpper(c); });
}

std::string ToLower(std::string_view text) {
  return MapCharacters(text, [](char32_t c) { return ToLower(c); });
}

}  // namespace tocsin::gotemplate
