#include "config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_world.h"

namespace tocsin::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Parsed {
  std::optional<YamlNode> root;
  std::vector<std::string> problems;
};
Parsed Parse(std::string_view text) {
  Diagnostics diagnostics;
  FileReport report("f.yml", diagnostics);
  Parsed parsed;
  parsed.root = ParseYaml(text, report);
  parsed.problems = Lines(diagnostics);
  return parsed;
}

// A document without problems.
YamlNode Tree(std::string_view text) {
  Parsed parsed = Parse(text);
  EXPECT_THAT(parsed.problems, IsEmpty()) << text;
  return parsed.root.value_or(YamlNode());
}

// The tree in one line, to compare.
std::string Show(const YamlNode& node) {
  std::string out;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar:
      return node.quoted ? "\"" + node.text + "\"" : node.text;
    case YamlNode::Kind::kList:
      for (const YamlNode& item : node.items) out += (out.empty() ? "" : " ") + Show(item);
      return "[" + out + "]";
    case YamlNode::Kind::kMap:
      for (const YamlEntry& entry : node.entries) {
        out += (out.empty() ? "" : " ") + entry.key + "=" + Show(entry.value);
      }
      return "{" + out + "}";
  }
  return out;
}

TEST(Yaml, KeepsTextsAsTheyAreWritten) {
  EXPECT_EQ(Show(Tree("[010, yes, 1e3, 0x10, 80.0, on, .5]")), "[010 yes 1e3 0x10 80.0 on .5]");
}

TEST(Yaml, TellsQuotedFromPlainScalars) {
  EXPECT_EQ(Show(Tree("[5, '5', \"5\", !!str 5]")), "[5 \"5\" \"5\" \"5\"]");
  EXPECT_EQ(Show(Tree("a: |\n  5\n")), "{a=\"5\n\"}");
}

TEST(Yaml, ReadsNothingTildeAndNullAsNullUnlessQuoted) {
  EXPECT_EQ(Show(Tree("{a: , b: ~, c: null, d: 'null', e: ''}")),
            "{a=null b=null c=null d=\"null\" e=\"\"}");
}

TEST(Yaml, ReadsAnEmptyDocumentAsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "---\n...\n", "~"}) {
    EXPECT_TRUE(Tree(text).is_null()) << text;
  }
}

TEST(Yaml, AcceptsMarksAroundTheOneDocument) {
  EXPECT_EQ(Show(Tree("---\na: 1\n...\n")), "{a=1}");
  EXPECT_EQ(Show(Tree("\xef\xbb\xbf"
                      "a: 1\n")),
            "{a=1}")
      << "a byte order mark";
  EXPECT_EQ(Show(Tree("a: 1\r\nb: 2\r\n")), "{a=1 b=2}") << "lines of Windows";
}

TEST(Yaml, CopiesWhatAnAliasNames) {
  EXPECT_EQ(Show(Tree("a: &x {k: [1, 2]}\nb: *x\nc: [*x]\n")),
            "{a={k=[1 2]} b={k=[1 2]} c=[{k=[1 2]}]}");
}

TEST(Yaml, AnAnchorDefinedAgainIsTheLatestFromThereOn) {
  EXPECT_EQ(Show(Tree("[&x 1, *x, &x 2, *x]")), "[1 1 2 2]");
}

TEST(Yaml, KnowsThePlaceOfEachValueAndKey) {
  const YamlNode root = Tree("a: 1\nlist:\n- x\n- key:   value\n");
  EXPECT_EQ(root.entries[1].mark.line, 2);
  EXPECT_EQ(root.entries[1].mark.column, 1);
  const YamlNode& list = root.entries[1].value;
  EXPECT_EQ(list.items[0].mark.line, 3);
  EXPECT_EQ(list.items[0].mark.column, 3);
  const YamlEntry& entry = list.items[1].entries[0];
  EXPECT_EQ(entry.value.mark.line, 4);
  EXPECT_EQ(entry.value.mark.column, 10);
}

TEST(Yaml, AnAliasHasThePlaceWhereItIsUsed) {
  const YamlNode root = Tree("a: &x 1\nb: *x\n");
  EXPECT_EQ(root.entries[1].value.mark.line, 2);
  EXPECT_EQ(root.entries[1].value.mark.column, 4);
}

TEST(Yaml, ADuplicateKeyLeavesTheRestReadable) {
  const Parsed parsed = Parse("a: 1\na: 2\nb: 3\n");
  EXPECT_THAT(parsed.problems,
              ElementsAre("f.yml:2:1: key \"a\" stands twice in this map; first at 1:1"));
  EXPECT_EQ(Show(parsed.root.value()), "{a=1 b=3}");
}

TEST(Yaml, EqualKeysOfDifferentMapsAreNoDuplicates) {
  EXPECT_EQ(Show(Tree("[{a: 1}, {a: 2}]")), "[{a=1} {a=2}]");
}

TEST(Yaml, AMergeKeyLeavesTheRestReadableAndAQuotedOneIsOrdinary) {
  const Parsed parsed = Parse("a: &x {k: 1}\nb:\n  <<: *x\n  l: 2\n");
  EXPECT_THAT(parsed.problems,
              ElementsAre("f.yml:3:3: merge keys (<<) are not supported; write the entries out"));
  EXPECT_EQ(Show(parsed.root.value()), "{a={k=1} b={l=2}}");
  EXPECT_EQ(Show(Tree("\"<<\": 1")), "{<<=1}");
}

TEST(Yaml, ARefusedKeyWithoutValueIsReportedOnceAndUnderItsOwnName) {
  EXPECT_THAT(Parse("- a: 1\n  <<\n").problems,
              ElementsAre("f.yml:2:3: merge keys (<<) are not supported; write the entries out"));
  EXPECT_THAT(Parse("- a: 1\n  a\n").problems,
              ElementsAre("f.yml:2:3: key \"a\" stands twice in this map; first at 1:3"));
}

TEST(Yaml, ABlockTextEndsAsItsFileDoes) {
  EXPECT_EQ(Show(Tree("a: |+\n  x\n\n")), "{a=\"x\n\n\"}");
  EXPECT_EQ(Show(Tree("a: |-\n  x\n")), "{a=\"x\"}");
}

std::string Nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Yaml, NestsAHundredDeepAndNoDeeper) {
  EXPECT_TRUE(Parse(Nested(kMaxYamlDepth)).root.has_value());
  const Parsed parsed = Parse(Nested(kMaxYamlDepth + 1));
  EXPECT_FALSE(parsed.root.has_value());
  EXPECT_THAT(parsed.problems,
              ElementsAre("f.yml:1:101: lists and maps are nested more than 100 deep"));
}

TEST(Yaml, SurvivesAHundredThousandBrackets) {
  for (const char c : {'[', '{'}) {
    const Parsed parsed = Parse(std::string(100'000, c));
    EXPECT_FALSE(parsed.root.has_value());
    EXPECT_THAT(parsed.problems, ElementsAre(::testing::HasSubstr("nested more than 100 deep")));
  }
}

TEST(Yaml, DepthThatAliasesMakeCountsToo) {
  // 60 below an anchor, used 60 deep.
  const std::string text =
      "[&x " + Nested(60) + ", " + std::string(60, '[') + "*x" + std::string(60, ']') + "]";
  EXPECT_FALSE(Parse(text).root.has_value());
}

// Each anchor keeps a copy of all the anchors inside of it.
TEST(Yaml, NestedAnchorsAreBoundedLikeAliases) {
  std::string text;
  for (int i = 0; i < 90; ++i) text += fmt::format("&a{} [", i);
  for (int i = 0; i < 30'000; ++i) text += "x, ";
  text += std::string(90, ']');
  const Parsed parsed = Parse(text);
  EXPECT_FALSE(parsed.root.has_value());
  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_THAT(parsed.problems[0], ::testing::HasSubstr("more than 1000000 values"));
}

TEST(Yaml, TextThatAliasesMakeIsBounded) {
  std::string text = "[&x " + std::string(1 << 20, 'y');
  for (int i = 0; i < 64; ++i) text += ", *x";
  const Parsed parsed = Parse(text + "]");
  EXPECT_FALSE(parsed.root.has_value());
  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_THAT(parsed.problems[0], ::testing::HasSubstr("64 MB of text"));
}

TEST(Yaml, NamesTheFirstByteThatIsNotUtf8) {
  EXPECT_THAT(Parse("a: 1\nb: \xc3\xa9\xff\n").problems,
              ElementsAre("f.yml:2:6: the file is not valid UTF-8"));
  EXPECT_THAT(Parse("a: \xe2\x82").problems, ElementsAre("f.yml:1:4: the file is not valid UTF-8"))
      << "cut short";
  EXPECT_THAT(Parse("a: \xed\xa0\x80").problems,
              ElementsAre("f.yml:1:4: the file is not valid UTF-8"))
      << "a surrogate";
}

TEST(Yaml, ATextCutByAControlCharacterIsRefusedAndNotCutShort) {
  EXPECT_THAT(Parse("a: 1\n\x04"
                    "b: 2\n")
                  .problems,
              ElementsAre("f.yml:2:1: the file holds the control character 0x04; it is no text"));
}

TEST(Yaml, ATabBetweenWordsIsNoIndentation) {
  EXPECT_EQ(Show(Tree("a:\t1\nb: x\ty\nc: |\n  \tz\n")), "{a=1 b=x\ty c=\"\tz\n\"}");
}

}  // namespace
}  // namespace tocsin::config
