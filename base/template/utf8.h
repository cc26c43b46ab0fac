// Characters of UTF-8, for a language whose strings are bytes but whose widths and cases are
// counted in characters. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::gotemplate {

inline constexpr char32_t kReplacementCharacter = 0xfffd;

struct Character {
  char32_t value = kReplacementCharacter;
  std::size_t size = 0;  // in bytes
  bool valid = false;    // else: one byte that belongs to no character
};

// REQUIRES: at < text.size().
Character DecodeCharacter(std::string_view text, std::size_t at);

// What is no character is appended as U+FFFD.
void AppendCharacter(char32_t c, std::string* out);

std::size_t CountCharacters(std::string_view text);

// Whether a quoted text may show it as it is. Nearly what Go thinks: controls, format characters,
// blanks other than the ASCII one, private and unassigned planes are not; characters that are
// unassigned within an assigned block are taken as printable.
bool IsPrintable(char32_t c);

// Letters of the Latin, Greek and Cyrillic blocks; everything else stays.
char32_t ToUpper(char32_t c);
char32_t ToLower(char32_t c);
bool IsLetterOrDigit(char32_t c);

std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);

}  // namespace tocsin::gotemplate
