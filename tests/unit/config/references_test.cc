#include "config/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_print.h"
#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Expanded {
  std::string text;
  std::vector<std::string> problems;
};

Expanded Expand(std::string_view text) {
  Diagnostics diagnostics;
  FileReport report("a.yml", diagnostics);
  YamlNode node = YamlText(text);
  node.mark = {1, 1};
  ExpandReferences(MakeEnvironment({{"A", "value"}, {"EMPTY", ""}, {"REF", "${A}"}}), report,
                   &node);
  return {node.text, Lines(diagnostics)};
}

TEST(ExpandReferences, ReplacesBracedNamesOnly) {
  EXPECT_EQ(Expand("x${A}y${A}").text,
            "xvaluey"
            "value");
  EXPECT_EQ(Expand("$A $$A $ {A} a$").text, "$A $$A $ {A} a$");
  EXPECT_EQ(Expand("[${EMPTY}]").text, "[]");
  EXPECT_EQ(Expand("{{ $labels }} ^a$").text, "{{ $labels }} ^a$");
}

TEST(ExpandReferences, TwoDollarsMakeTheCharactersThemselves) {
  EXPECT_EQ(Expand("$${A} ${A}").text, "${A} value");
  EXPECT_THAT(Expand("$${").problems, IsEmpty());
  EXPECT_EQ(Expand("$${").text, "${");
}

TEST(ExpandReferences, DoesNotExpandTwice) { EXPECT_EQ(Expand("${REF}").text, "${A}"); }

TEST(ExpandReferences, ReportsWhatIsNotSetOrNoName) {
  EXPECT_THAT(Expand("${NOPE}").problems,
              ElementsAre("a.yml:1:1: the environment variable NOPE is not set"));
  for (const char* text : {"${", "${}", "${1}", "${a-b}", "${A"}) {
    EXPECT_THAT(Expand(text).problems,
                ElementsAre("a.yml:1:1: ${ begins a reference to an environment variable, ${NAME}; "
                            "write $${ for the characters themselves"));
  }
}

TEST(ExpandReferences, LeavesKeysAsTheyAre) {
  Diagnostics diagnostics;
  FileReport report("a.yml", diagnostics);
  YamlMap map;
  map.Add("${A}", YamlList({YamlText("${A}")}));
  YamlNode node = std::move(map).Take();
  ExpandReferences(MakeEnvironment({{"A", "value: [x]"}}), report, &node);
  EXPECT_EQ(node.entries[0].key, "${A}");
  EXPECT_EQ(node.entries[0].value.items[0].text, "value: [x]");
}

TEST(ExpandReferences, BoundsWhatTheEnvironmentCanMake) {
  const std::string large(1 << 20, 'x');
  Diagnostics diagnostics;
  FileReport report("a.yml", diagnostics);
  std::string text;
  for (int i = 0; i < 100; ++i) text += "${A}";
  YamlNode node = YamlText(text);
  ExpandReferences(MakeEnvironment({{"A", large}}), report, &node);
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_LE(node.text.size(), kMaxYamlBytes);
}

}  // namespace
}  // namespace tocsin::config
