#include "base/template/html_escape.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/template/html_scanner.h"
#include "base/template/utf8.h"
#include "base/text.h"

namespace tocsin::gotemplate {
namespace {

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsHex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// Each byte that is among `special` as a decimal reference.
std::string EscapeBytes(std::string_view text, std::string_view special) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '\0') {
      AppendCharacter(kReplacementCharacter, &out);
    } else if (special.find(c) == std::string_view::npos) {
      out += c;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += fmt::format("&#{};", static_cast<int>(c));
    }
  }
  return out;
}

constexpr std::string_view kSpecial = "\"'+<>&";
constexpr std::string_view kSpecialUnquoted = "\"'+<>`= \t\n\v\f\r&";

std::string_view WithoutAmpersand(std::string_view special) {
  return special.substr(0, special.size() - 1);
}

std::string UrlProcess(std::string_view text, std::string_view kept, bool keeps_escapes) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escape = keeps_escapes && c == '%' && i + 2 < text.size() && IsHex(text[i + 1]) &&
                        IsHex(text[i + 2]);
    if (IsAlnum(c) || kept.find(c) != std::string_view::npos || escape) {
      out += c;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

constexpr std::string_view kUnreserved = "-._~";
constexpr std::string_view kReserved = "-._~!#$&*+,/:;=?@[]";

bool HasSafeScheme(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view scheme = url.substr(0, colon);
  if (scheme.find('/') != std::string_view::npos) return true;
  return EqualsIgnoreCase(scheme, "http") || EqualsIgnoreCase(scheme, "https") ||
         EqualsIgnoreCase(scheme, "mailto");
}

bool IsOneOf(char32_t c, std::string_view ascii) {
  return c < 0x80 && ascii.find(static_cast<char>(c)) != std::string_view::npos;
}

std::string JsEscape(std::string_view text, std::string_view more) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = DecodeCharacter(text, at);
    at += c.size;
    const std::size_t known = c.value < 0x80
                                  ? std::string_view("\t\n\f\r\\/").find(static_cast<char>(c.value))
                                  : std::string_view::npos;
    if (known != std::string_view::npos) {
      out += {'\\', "tnfr\\/"[known]};
    } else if (c.value < 0x20 || c.value == 0x7f || c.value == 0x2028 || c.value == 0x2029 ||
               IsOneOf(c.value, "\"`&'+<>") || IsOneOf(c.value, more)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.value));
    } else {
      AppendCharacter(c.value, &out);
    }
  }
  return out;
}

}  // namespace

std::string HtmlEscapeAll(std::string_view text) { return EscapeBytes(text, kSpecial); }

std::string HtmlNormalise(std::string_view text) {
  return EscapeBytes(text, WithoutAmpersand(kSpecial));
}

std::string HtmlEscapeUnquoted(std::string_view text, bool normalise) {
  // Nothing at all would let the next attribute become the value.
  if (text.empty()) return std::string(kUnsafeWord);
  return EscapeBytes(text, normalise ? WithoutAmpersand(kSpecialUnquoted) : kSpecialUnquoted);
}

std::string HtmlStripTags(std::string_view html) {
  std::string out;
  while (true) {
    const std::size_t open = std::min(html.find('<'), html.size());
    out += html.substr(0, open);
    if (open == html.size()) return out;
    html.remove_prefix(open);
    const bool comment = html.substr(0, 4) == "<!--";
    const std::size_t close = comment ? html.find("-->") : html.find('>');
    if (close == std::string_view::npos) return out;
    html.remove_prefix(close + (comment ? 3 : 1));
  }
}

std::string HtmlFilterName(std::string_view name) {
  std::string lower = ToLowerAscii(name);
  const bool plain = !lower.empty() && std::all_of(lower.begin(), lower.end(), IsAlnum);
  if (!plain || HtmlScanner::Classify(lower) != HtmlPlace::Attribute::kPlain) {
    return std::string(kUnsafeWord);
  }
  return lower;
}

std::string UrlFilter(std::string_view url) {
  return HasSafeScheme(url) ? std::string(url) : "#" + std::string(kUnsafeWord);
}

std::string UrlNormalise(std::string_view url) { return UrlProcess(url, kReserved, true); }

std::string UrlEscape(std::string_view text) { return UrlProcess(text, kUnreserved, false); }

std::string SrcsetFilter(std::string_view srcset) {
  std::string out;
  for (std::string_view candidate : Split(srcset, ',')) {
    if (candidate.data() != srcset.data()) out += ',';
    const std::string_view trimmed = TrimSpace(candidate);
    const std::size_t end = std::min(trimmed.find_first_of(" \t\r\n"), trimmed.size());
    const std::string_view size = trimmed.substr(end);
    const bool plain = std::all_of(size.begin(), size.end(), [](char c) {
      return IsAlnum(c) || c == '.' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
    });
    if (plain && HasSafeScheme(trimmed.substr(0, end))) {
      out += UrlNormalise(trimmed.substr(0, end)) + std::string(size);
    } else {
      out += "#" + std::string(kUnsafeWord);
    }
  }
  return out;
}

std::string JsEscapeString(std::string_view text) { return JsEscape(text, ""); }

// Also what would begin ${...}.
std::string JsEscapeTemplate(std::string_view text) { return JsEscape(text, "${}"); }

std::string JsEscapeRegexp(std::string_view text) {
  // "//" would be a comment.
  if (text.empty()) return "(?:)";
  return JsEscape(text, "$()*-.?[]^{|}");
}

std::string CssEscapeString(std::string_view text) {
  constexpr std::string_view kCssSpecial = "\t\n\f\r\"&'()+/:;<>\\{}";
  std::string out;
  bool after_escape = false;
  for (char c : text) {
    const bool special = c == '\0' || kCssSpecial.find(c) != std::string_view::npos;
    // A blank ends the escape where the next letter could belong to it.
    if (after_escape && !special && (IsHex(c) || c == ' ' || c == '\t')) out += ' ';
    after_escape = special;
    if (special) {
      out += fmt::format("\\{:x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return after_escape ? out + ' ' : out;
}

std::string CssFilterValue(std::string_view value) {
  std::string words;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\0' || std::string_view("\"'()/;@[\\]`{}<>").find(c) != std::string_view::npos) {
      return std::string(kUnsafeWord);
    }
    // "--" would begin or end a comment.
    if (c == '-' && i > 0 && value[i - 1] == '-') return std::string(kUnsafeWord);
    if (IsAlnum(c) || c == '_') words += c;
  }
  const std::string lower = ToLowerAscii(words);
  if (lower.find("expression") != std::string::npos ||
      lower.find("mozbinding") != std::string::npos) {
    return std::string(kUnsafeWord);
  }
  return std::string(value);
}

}  // namespace tocsin::gotemplate
