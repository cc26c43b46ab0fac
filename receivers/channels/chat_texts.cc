#include "receivers/channels/chat_texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::receivers {
namespace {

constexpr std::string_view kInvisible = "\u200B";

// https://spec.commonmark.org/0.31.2/#backslash-escapes, of those that mean something within a
// line. Not '<' and '>': some chats escape them first, and would show the backslash.
constexpr std::string_view kMarks = "\\`*_~|[]#";
// What ends an address in a text; the parenthesis behind one that stands in parentheses is the
// business of whoever makes links of addresses.
constexpr std::string_view kEndsUrl = " \t\r\n<>\"'`*|\\[]";
constexpr std::string_view kNotBare = "()<>[]\"'`*|\\";

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

char At(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : ' '; }

// The character at `i`, with what makes it harmless.
void AppendDefused(std::string_view text, std::size_t i, std::string* out) {
  const char c = text[i];
  if (IsControl(c)) return;
  *out += c;
  const bool calls = c == '@' && (i == 0 || !IsWordCharacter(text[i - 1]));
  const bool opens =
      c == '<' && (IsWordCharacter(At(text, i + 1)) ||
                   std::string_view("@!/?#").find(At(text, i + 1)) != std::string_view::npos);
  if (calls || opens) *out += kInvisible;
}

// The length of the address that begins at `i`; 0 where none does.
std::size_t UrlLength(std::string_view text, std::size_t i) {
  if (i > 0 && IsWordCharacter(text[i - 1])) return 0;
  const std::string_view rest = text.substr(i);
  if (!rest.starts_with("http://") && !rest.starts_with("https://")) return 0;
  const auto* const end = std::find_if(rest.begin(), rest.end(), [](char c) {
    return IsControl(c) || kEndsUrl.find(c) != std::string_view::npos;
  });
  return static_cast<std::size_t>(end - rest.begin());
}

// What would be a mark or a call even there is percent-encoded.
void AppendUrl(std::string_view url, std::string* out) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    const bool is_in_word = i > 0 && IsWordCharacter(url[i - 1]) && IsWordCharacter(At(url, i + 1));
    const bool is_mark = url[i] == '~' || url[i] == '@' || (url[i] == '_' && !is_in_word);
    *out += is_mark ? fmt::format("%{:02X}", url[i]) : std::string(1, url[i]);
  }
}

// Lists and underlined headings begin a line.
std::string_view EscapeAtLineStart(char c) {
  if (c == '-' || c == '+') return "\\";
  return c == '=' ? kInvisible : "";
}

}  // namespace

std::string Defuse(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) AppendDefused(text, i, &out);
  return out;
}

std::string EscapeMarkdown(std::string_view text) {
  std::string out;
  bool is_line_start = true;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (const std::size_t length = UrlLength(text, i); length > 0) {
      AppendUrl(text.substr(i, length), &out);
      i += length;
      is_line_start = false;
      continue;
    }
    if (c == '\n') out += "  ";  // else it is a blank
    if (is_line_start) out += EscapeAtLineStart(c);
    if (kMarks.find(c) != std::string_view::npos) out += '\\';
    AppendDefused(text, i++, &out);
    is_line_start = c == '\n' || (is_line_start && (c == ' ' || c == '\t'));
  }
  return out;
}

std::string BareUrl(std::string_view url) {
  std::string out;
  for (const char c : url) {
    const bool is_bare = kNotBare.find(c) == std::string_view::npos;
    out += is_bare ? std::string(1, c) : fmt::format("%{:02X}", c);
  }
  return out;
}

std::string MarkdownLink(const CardLink& link) {
  return fmt::format("[{}]({})", link.text, BareUrl(link.url));
}

}  // namespace tocsin::receivers
