#include "exporter/api/request_uri.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::api {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Every percent sign begins an escape.
bool EscapesAreSound(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) {
      return false;
    }
    i += 2;
  }
  return true;
}

// "" or a colon and digits, of which there may be none.
bool IsOptionalPort(std::string_view text) {
  if (text.empty()) return true;
  return text[0] == ':' && std::all_of(text.begin() + 1, text.end(), IsDigit);
}

bool IsHostText(std::string_view text) {
  constexpr std::string_view kAllowed = "-_.~!$&'()*+,;=:[]<>\"%";
  return EscapesAreSound(text) && std::all_of(text.begin(), text.end(), [&](char c) {
           return IsLetter(c) || IsDigit(c) || static_cast<unsigned char>(c) >= 0x80 ||
                  kAllowed.find(c) != std::string_view::npos;
         });
}

// A name or number with an optional port; an IPv6 address stands in brackets.
bool IsHost(std::string_view host) {
  if (!IsHostText(host)) return false;
  if (!host.empty() && host[0] == '[') {
    const std::size_t end = host.rfind(']');
    return end != std::string_view::npos && IsOptionalPort(host.substr(end + 1));
  }
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || IsOptionalPort(host.substr(colon));
}

bool IsUserText(std::string_view text) {
  constexpr std::string_view kAllowed = "-._:~!$&'()*+,;=%@";
  return EscapesAreSound(text) && std::all_of(text.begin(), text.end(), [&](char c) {
           return IsLetter(c) || IsDigit(c) || kAllowed.find(c) != std::string_view::npos;
         });
}

bool IsAuthority(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return IsHost(text);
  return IsUserText(text.substr(0, at)) && IsHost(text.substr(at + 1));
}

// The length of the scheme; 0 where the text begins with none.
std::size_t SchemeLength(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') return i;
    const bool later = IsDigit(c) || c == '+' || c == '-' || c == '.';
    if (!IsLetter(c) && (i == 0 || !later)) return 0;
  }
  return 0;
}

}  // namespace

bool IsRequestUri(std::string_view text) {
  if (text.empty() || std::any_of(text.begin(), text.end(), IsControl)) return false;
  if (text == "*") return true;
  const std::size_t scheme = SchemeLength(text);
  if (scheme > 0) text.remove_prefix(scheme + 1);
  text = text.substr(0, text.find('?'));
  if (text.empty() || text[0] != '/') return scheme > 0;  // "mailto:ann@example.org"
  if (scheme > 0 && text.starts_with("//")) {
    text.remove_prefix(2);
    const std::string_view authority = text.substr(0, text.find('/'));
    if (!IsAuthority(authority)) return false;
    text.remove_prefix(authority.size());
  }
  return EscapesAreSound(text);
}

}  // namespace tocsin::api
