#include "config/yaml_print.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "config/diagnostics.h"

namespace tocsin::config {
namespace {

std::string PrintedText(std::string_view text) {
  std::string printed = PrintYaml(YamlText(text));
  printed.pop_back();
  return printed;
}

YamlNode Reread(const std::string& text) {
  Diagnostics diagnostics;
  FileReport report("printed.yml", diagnostics);
  std::optional<YamlNode> node = ParseYaml(text, report);
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    ADD_FAILURE() << diagnostic.ToString() << "\n" << text;
  }
  return node ? *std::move(node) : YamlNode();
}

struct TextCase {
  std::string_view text;
  std::string_view printed;
};

TEST(PrintYaml, QuotesTextsThatMightBeReadAsSomethingElse) {
  const TextCase cases[] = {
      {"ops", "ops"},
      {"/etc/x.yml", "/etc/x.yml"},
      {"https://example.org/a:b", "https://example.org/a:b"},
      {"<secret>", "<secret>"},
      {"", "\"\""},
      {"123", "\"123\""},
      {"-1", "\"-1\""},
      {"1e3", "\"1e3\""},
      {"2024-01-01", "\"2024-01-01\""},
      {"true", "\"true\""},
      {"Yes", "\"Yes\""},
      {"n", "\"n\""},
      {"null", "\"null\""},
      {"~", "\"~\""},
      {".inf", "\".inf\""},
      {"...", "\"...\""},
      {"---", "\"---\""},
      {"<<", "\"<<\""},
      {"a: b", "\"a: b\""},
      {"a:", "\"a:\""},
      {"a #b", "\"a #b\""},
      {"*a", "\"*a\""},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"a\nb\tc\r", R"("a\nb\tc\r")"},
      {std::string_view("\0\x1f\x7f", 3), R"("\x00\x1f\x7f")"},
      {"\u0085\u00a0\u2028\ufeff\u00fc\U0001f600", "\"\\x85\u00a0\\u2028\\ufeff\u00fc\U0001f600\""},
  };
  for (const TextCase& each : cases) {
    EXPECT_EQ(PrintedText(each.text), each.printed);
    EXPECT_EQ(Reread(PrintYaml(YamlText(each.text))).text, each.text);
  }
}

TEST(PrintYaml, PrintsNestedListsAndMapsThatReadBack) {
  const std::string text = R"(a:
  b: 1
  c:
  - d
  - - e
    - f: "1"
      g: {}
  - []
h: null
i: []
)";
  EXPECT_EQ(PrintYaml(Reread(text)), text);
}

TEST(PrintYaml, PrintsAnEmptyTree) {
  EXPECT_EQ(PrintYaml(YamlNode()), "null\n");
  EXPECT_EQ(PrintYaml(YamlMap().Take()), "{}\n");
}

TEST(PrintYaml, WritesAKeyTooLongForItsLineApart) {
  YamlMap inner;
  inner.Add("x", YamlText("y"));
  YamlMap map;
  map.AddMap(std::string(3000, 'k'), std::move(inner));
  const std::string printed = PrintYaml(std::move(map).Take());
  const YamlNode node = Reread(printed);
  ASSERT_EQ(node.entries.size(), 1U);
  EXPECT_EQ(node.entries[0].key.size(), 3000U);
  EXPECT_EQ(PrintYaml(node), printed);
}

}  // namespace
}  // namespace tocsin::config
