#include "exporter/http/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// The valid character of more than one byte that `text` begins with; empty where there is none.
std::string_view LeadingCharacter(std::string_view text) {
  for (std::size_t n = 2; n <= 4 && n <= text.size(); ++n) {
    if (IsValidUtf8(text.substr(0, n))) return text.substr(0, n);
  }
  return {};
}

void AppendAscii(char c, std::string* out) {
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
      if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out->push_back(c);
      }
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      AppendAscii(text[0], out);
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = LeadingCharacter(text);
    *out += character.empty() ? kReplacementCharacter : character;
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  out->push_back('"');
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

}  // namespace tocsin::http
