#include "base/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
constexpr std::string_view kLineSeparator = "\xE2\x80\xA8";
constexpr std::string_view kParagraphSeparator = "\xE2\x80\xA9";

// The valid character of more than one byte that `text` begins with; empty where there is none.
std::string_view LeadingCharacter(std::string_view text) {
  for (std::size_t n = 2; n <= 4 && n <= text.size(); ++n) {
    if (IsValidUtf8(text.substr(0, n))) return text.substr(0, n);
  }
  return {};
}

// What stands in a JSON string as it is, by the byte: looked up, since long lists are mostly that.
using PlainBytes = std::array<bool, 256>;

constexpr PlainBytes PlainBytesBut(std::string_view others) {
  PlainBytes plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) {
    plain[byte] = others.find(static_cast<char>(byte)) == std::string_view::npos;
  }
  return plain;
}

constexpr PlainBytes kPlain = PlainBytesBut("\"\\");
constexpr PlainBytes kPlainInHtml = PlainBytesBut("\"\\<>&");

std::size_t LeadingPlainBytes(std::string_view text, const PlainBytes& plain) {
  const auto* const stop = std::find_if_not(
      text.begin(), text.end(), [&plain](char c) { return plain[static_cast<unsigned char>(c)]; });
  return static_cast<std::size_t>(stop - text.begin());
}

void AppendEscape(char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      break;
    case '\\':
      *out += "\\\\";
      break;
    case '\n':
      *out += "\\n";
      break;
    case '\r':
      *out += "\\r";
      break;
    case '\t':
      *out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

// Returns how many bytes of `text` it has dealt with.
std::size_t AppendCharacter(std::string_view text, bool html_safe, std::string* out) {
  const std::string_view character = LeadingCharacter(text);
  if (character.empty()) {
    *out += kReplacementCharacter;
    return 1;
  }
  if (html_safe && character == kLineSeparator) {
    *out += "\\u2028";
  } else if (html_safe && character == kParagraphSeparator) {
    *out += "\\u2029";
  } else {
    *out += character;
  }
  return character.size();
}

void Append(std::string_view text, bool html_safe, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const std::size_t plain = LeadingPlainBytes(text, html_safe ? kPlainInHtml : kPlain);
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      AppendEscape(text[0], out);
      text.remove_prefix(1);
    } else {
      text.remove_prefix(AppendCharacter(text, html_safe, out));
    }
  }
  out->push_back('"');
}

}  // namespace

bool IsPlainJsonText(std::string_view text) {
  return LeadingPlainBytes(text, kPlain) == text.size();
}

void AppendJsonString(std::string_view text, std::string* out) { Append(text, false, out); }

void AppendHtmlSafeJsonString(std::string_view text, std::string* out) { Append(text, true, out); }

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

}  // namespace tocsin
