// A YAML tree as text that every reader takes for the same tree, and helpers that build one. Block
// style, two blanks of indentation; a text is quoted where some reader might see a number, a truth
// value or a date in it. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/yaml.h"

namespace tocsin::config {

// Ends in a line break. What is null is printed as null. ParseYaml reads it back, but for the
// places.
std::string PrintYaml(const YamlNode& node);

// A text: stays one, whatever it looks like.
YamlNode YamlText(std::string_view text);
// A number, a duration, true or false: never quoted. REQUIRES: it may stand without quotes.
YamlNode YamlWord(std::string_view word);
YamlNode YamlTexts(const std::vector<std::string>& texts);
YamlNode YamlList(std::vector<YamlNode> items);

class YamlMap {
 public:
  void Add(std::string_view key, YamlNode value);
  // What is empty is left out.
  void AddText(std::string_view key, std::string_view text);
  void AddTexts(std::string_view key, const std::vector<std::string>& texts);
  void AddSecret(std::string_view key, const Secret& secret);
  void AddList(std::string_view key, std::vector<YamlNode> items);
  void AddMap(std::string_view key, YamlMap map);

  void AddBool(std::string_view key, bool value);

  bool empty() const { return node_.entries.empty(); }
  YamlNode Take() && { return std::move(node_); }

 private:
  YamlNode node_ = EmptyMap();
  static YamlNode EmptyMap();
};

}  // namespace tocsin::config
