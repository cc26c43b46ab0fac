// Small text helpers that more than one room needs. All are pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

bool IsValidUtf8(std::string_view text);

// The same text where it is valid; else with U+FFFD in the place of each byte that is not.
std::string ToValidUtf8(std::string_view text);

// The length in bytes of the valid UTF-8 character that begins at `at`; 0 where none does.
std::size_t Utf8Length(std::string_view text, std::size_t at);
// That character. REQUIRES: Utf8Length(text, at) is not 0.
char32_t Utf8CharAt(std::string_view text, std::size_t at);
// REQUIRES: c is a Unicode scalar value.
void AppendUtf8(char32_t c, std::string* out);

// The value of one hexadecimal digit, -1 where it is none.
int HexDigit(char c);

// Cuts to at most max_bytes without splitting a UTF-8 character.
std::string_view TruncateUtf8(std::string_view text, std::size_t max_bytes);

// An excerpt for an error message: control characters and invalid bytes escaped, at most max_bytes
// of it, in double quotes.
std::string QuoteForMessage(std::string_view text, std::size_t max_bytes = 80);

// "value" as the text exposition format and PromQL write it: \\, \" and \n escaped, in quotes.
std::string QuoteLabelValue(std::string_view text);

// &, <, >, " and ' as entities.
std::string EscapeHtml(std::string_view text);

// %XX decoding of one path segment or query value. Empty on a bad escape. `+` stays a plus sign
// unless plus_is_space.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space = false);
// Everything but A-Z a-z 0-9 - . _ ~ is escaped.
std::string PercentEncode(std::string_view text);

std::string_view TrimSpace(std::string_view text);
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string ToLowerAscii(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// The entry of `known` that a user most likely meant (smallest edit distance, at most a third of
// the word's length); empty if none is near.
std::string_view NearestName(std::string_view word, const std::vector<std::string_view>& known);

// Sixteen lower-case hexadecimal digits.
std::string FormatHex64(std::uint64_t value);
std::optional<std::uint64_t> ParseHex64(std::string_view text);

}  // namespace tocsin
