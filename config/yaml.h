// YAML text as a small tree of our own, each node with its place. yaml.cc is the only user of
// yaml-cpp and the only file that catches its exceptions.
//
// The tree holds text, never YAML's idea of a type: `010` stays "010" and `yes` stays "yes";
// config/decode.h decides what a text means where it is read. A tree is a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace tocsin::config {

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;  // kNull: nothing, `~` or `null` without quotes
  bool quoted = false;      // a scalar in quotes, or a block scalar
  Mark mark;
  std::string text;                // of a scalar
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in file order; keys are unique

  bool is_null() const { return kind == Kind::kNull; }
};

struct YamlEntry {
  std::string key;
  Mark mark;
  YamlNode value;
};

// The member of a map; null where there is none.
const YamlNode* FindMember(const YamlNode& map, std::string_view key);

// What no honest configuration needs more of; they bound time and memory for any other. Values and
// bytes count once more for an anchor, and again each time an alias uses it.
inline constexpr std::size_t kMaxYamlDepth = 100;
inline constexpr std::size_t kMaxYamlNodes = 1'000'000;
inline constexpr std::size_t kMaxYamlBytes = 64 << 20;  // of text

// The one document of `text`; a null node where it is empty. Nothing where it is no YAML at all.
// Duplicate keys and merge keys are errors that leave the rest readable, so that whoever decodes
// the tree reports its own problems as well.
std::optional<YamlNode> ParseYaml(std::string_view text, FileReport& report);

}  // namespace tocsin::config
