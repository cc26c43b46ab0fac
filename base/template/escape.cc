#include "base/template/escape.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/template/utf8.h"
#include "base/text.h"

namespace tocsin::gotemplate {

std::string EscapeHtmlText(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t nul = std::min(text.find('\0'), text.size());
    out += EscapeHtml(text.substr(0, nul));
    if (nul == text.size()) return out;
    AppendCharacter(kReplacementCharacter, &out);
    text.remove_prefix(nul + 1);
  }
}

std::string EscapeJsText(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    at += c.size;
    if (c.value == '\\' || c.value == '\'' || c.value == '"') {
      out += {'\\', static_cast<char>(c.value)};
    } else if (c.value < 0x20 || c.value == '<' || c.value == '>' || c.value == '&' ||
               c.value == '=' || (c.value < 0x10000 && !IsPrintable(c.value))) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c.value));
    } else {
      AppendCharacter(c.value, &out);
    }
  }
  return out;
}

std::string EscapeUrlQuery(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    out += PercentEncode(text.substr(0, blank));
    if (blank == text.size()) return out;
    out += '+';
    text.remove_prefix(blank + 1);
  }
}

}  // namespace tocsin::gotemplate
