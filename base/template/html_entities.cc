#include "base/template/html_entities.h"

#include <algorithm>
#include <charconv>

#include "base/template/utf8.h"

namespace tocsin::gotemplate {
namespace {

struct Entity {
  std::string_view name;
  char c;
};

constexpr Entity kEntities[] = {
    {"amp", '&'},   {"lt", '<'},       {"gt", '>'},     {"quot", '"'},  {"apos", '\''},
    {"sol", '/'},   {"bsol", '\\'},    {"colon", ':'},  {"semi", ';'},  {"lpar", '('},
    {"rpar", ')'},  {"lcub", '{'},     {"rcub", '}'},   {"lsqb", '['},  {"rsqb", ']'},
    {"quest", '?'}, {"num", '#'},      {"equals", '='}, {"grave", '`'}, {"ast", '*'},
    {"Tab", '\t'},  {"NewLine", '\n'}, {"dollar", '$'}, {"excl", '!'},  {"comma", ','},
};

// The reference behind the '&': its length, with the semicolon if there is one; or 0.
std::size_t DecodeNumeric(std::string_view text, std::string* out) {
  const bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  const char* const begin = text.data() + (hex ? 2 : 1);
  const char* const limit = text.data() + text.size();
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(begin, limit, number, hex ? 16 : 10);
  if (end == begin) return 0;
  AppendCharacter(error == std::errc() ? number : kReplacementCharacter, out);
  return static_cast<std::size_t>(end - text.data()) + (end != limit && *end == ';' ? 1 : 0);
}

std::size_t DecodeNamed(std::string_view text, std::string* out) {
  const std::size_t semicolon = text.substr(0, 10).find(';');
  if (semicolon == std::string_view::npos) return 0;
  const std::string_view name = text.substr(0, semicolon);
  const auto* const found =
      std::find_if(std::begin(kEntities), std::end(kEntities),
                   [name](const Entity& entity) { return entity.name == name; });
  if (found == std::end(kEntities)) return 0;
  *out += found->c;
  return semicolon + 1;
}

}  // namespace

std::string DecodeEntities(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t ampersand = std::min(text.find('&'), text.size());
    out += text.substr(0, ampersand);
    if (ampersand == text.size()) return out;
    text.remove_prefix(ampersand + 1);
    const bool numeric = !text.empty() && text.front() == '#';
    const std::size_t used = numeric ? DecodeNumeric(text, &out) : DecodeNamed(text, &out);
    if (used == 0) out += '&';
    text.remove_prefix(used);
  }
}

}  // namespace tocsin::gotemplate
