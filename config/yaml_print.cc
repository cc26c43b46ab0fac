#include "config/yaml_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace tocsin::config {
namespace {

// A key that is longer may not stand on a line with its value ("simple keys" end at 1024
// characters): https://yaml.org/spec/1.1/#id904245
constexpr std::size_t kLongestSimpleKey = 1000;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsPlainCharacter(char c) {
  return IsLetter(c) || IsDigit(c) ||
         std::string_view("_./:@+<>-").find(c) != std::string_view::npos;
}

// Stricter than YAML: what needs a second look is quoted.
bool CanStandPlain(std::string_view text) {
  if (text.empty() || text.back() == ':' || text == "<<" || text.substr(0, 3) == "...")
    return false;
  const bool begins_well = IsLetter(text[0]) || IsDigit(text[0]) ||
                           std::string_view("_./<").find(text[0]) != std::string_view::npos ||
                           (text[0] == '-' && text.size() > 1 && IsDigit(text[1]));
  return begins_well && std::all_of(text.begin(), text.end(), IsPlainCharacter);
}

// YAML 1.1 takes these for truth values and nothing: https://yaml.org/type/bool.html
bool IsPlainText(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords = {"true", "false", "yes", "no",  "on",
                                                             "off",  "y",     "n",   "null"};
  if (!CanStandPlain(text) || (!IsLetter(text[0]) && text[0] != '/' && text[0] != '<'))
    return false;
  const std::string lower = ToLowerAscii(text);
  return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

// The code point that begins at text[*at]; moves on. REQUIRES: valid UTF-8.
std::uint32_t NextCodePoint(std::string_view text, std::size_t* at) {
  const auto lead = static_cast<unsigned char>(text[(*at)++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  std::uint32_t point = lead & (0x3fU >> more);
  for (int i = 0; i < more && *at < text.size(); ++i) {
    point = (point << 6) | (static_cast<unsigned char>(text[(*at)++]) & 0x3fU);
  }
  return point;
}

// Line separators fold inside of quotes, and some readers refuse the others.
bool MustBeEscaped(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
         point == 0xfeff || point == 0xfffe || point == 0xffff;
}

void AppendEscaped(std::uint32_t point, std::string* out) {
  switch (point) {
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      *out += point < 0x100 ? fmt::format("\\x{:02x}", point) : fmt::format("\\u{:04x}", point);
  }
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const std::uint32_t point = NextCodePoint(text, &at);
    if (MustBeEscaped(point)) {
      AppendEscaped(point, &out);
      continue;
    }
    if (point == '"' || point == '\\') out += '\\';
    out += text.substr(start, at - start);
  }
  return out + '"';
}

class Printer {
 public:
  explicit Printer(std::string* out) : out_(*out) {}

  // The first line begins where the output ends, the others are indented.
  void Print(const YamlNode& node, std::size_t indent) {
    switch (node.kind) {
      case YamlNode::Kind::kNull:
        out_ += "null\n";
        return;
      case YamlNode::Kind::kScalar:
        out_ += node.quoted || !CanStandPlain(node.text) ? Quote(node.text) : node.text;
        out_ += '\n';
        return;
      case YamlNode::Kind::kList:
        return PrintList(node, indent);
      case YamlNode::Kind::kMap:
        return PrintMap(node, indent);
    }
  }

 private:
  static bool IsBlock(const YamlNode& node) { return !node.items.empty() || !node.entries.empty(); }

  void PrintList(const YamlNode& node, std::size_t indent) {
    if (node.items.empty()) out_ += "[]\n";
    for (const YamlNode& item : node.items) {
      if (&item != &node.items.front()) out_.append(indent, ' ');
      out_ += "- ";
      Print(item, indent + 2);
    }
  }

  void PrintMap(const YamlNode& node, std::size_t indent) {
    if (node.entries.empty()) out_ += "{}\n";
    for (const YamlEntry& entry : node.entries) {
      if (&entry != &node.entries.front()) out_.append(indent, ' ');
      PrintEntry(entry, indent);
    }
  }

  void PrintEntry(const YamlEntry& entry, std::size_t indent) {
    const std::string key = IsPlainText(entry.key) ? entry.key : Quote(entry.key);
    if (key.size() > kLongestSimpleKey) {
      out_ += "? " + key + '\n';
      out_.append(indent, ' ');
      out_ += ": ";
      return Print(entry.value, indent + 2);
    }
    out_ += key + ':';
    if (!IsBlock(entry.value)) {
      out_ += ' ';
      return Print(entry.value, indent);
    }
    const std::size_t inner = entry.value.kind == YamlNode::Kind::kMap ? indent + 2 : indent;
    out_ += '\n';
    out_.append(inner, ' ');
    Print(entry.value, inner);
  }

  std::string& out_;
};

}  // namespace

std::string PrintYaml(const YamlNode& node) {
  std::string out;
  Printer(&out).Print(node, 0);
  return out;
}

YamlNode YamlText(std::string_view text) {
  YamlNode node = YamlWord(text);
  node.quoted = !IsPlainText(text);
  return node;
}

YamlNode YamlWord(std::string_view word) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = word;
  return node;
}

YamlNode YamlTexts(const std::vector<std::string>& texts) {
  std::vector<YamlNode> items;
  for (const std::string& text : texts) items.push_back(YamlText(text));
  return YamlList(std::move(items));
}

YamlNode YamlList(std::vector<YamlNode> items) {
  YamlNode node;
  node.kind = YamlNode::Kind::kList;
  node.items = std::move(items);
  return node;
}

YamlNode YamlMap::EmptyMap() {
  YamlNode node;
  node.kind = YamlNode::Kind::kMap;
  return node;
}

void YamlMap::Add(std::string_view key, YamlNode value) {
  node_.entries.push_back({std::string(key), Mark(), std::move(value)});
}

void YamlMap::AddText(std::string_view key, std::string_view text) {
  if (!text.empty()) Add(key, YamlText(text));
}

void YamlMap::AddTexts(std::string_view key, const std::vector<std::string>& texts) {
  if (!texts.empty()) Add(key, YamlTexts(texts));
}

void YamlMap::AddSecret(std::string_view key, const Secret& secret) {
  if (!secret.empty()) Add(key, YamlText(kSecretText));
}

void YamlMap::AddList(std::string_view key, std::vector<YamlNode> items) {
  if (!items.empty()) Add(key, YamlList(std::move(items)));
}

void YamlMap::AddMap(std::string_view key, YamlMap map) {
  if (!map.empty()) Add(key, std::move(map).Take());
}

void YamlMap::AddBool(std::string_view key, bool value) {
  Add(key, YamlWord(value ? "true" : "false"));
}

}  // namespace tocsin::config
