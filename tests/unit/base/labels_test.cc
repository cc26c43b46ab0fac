#include "base/labels.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Labels, AreSortedByNameWhateverTheOrderTheyCameIn) {
  const Labels labels{{"zone", "b"}, {"__name__", "up"}, {"job", "node"}};
  std::vector<std::string> names;
  for (const Label& label : labels) names.emplace_back(label.name);
  EXPECT_EQ(names, (std::vector<std::string>{"__name__", "job", "zone"}));
  EXPECT_EQ(labels, (Labels{{"job", "node"}, {"zone", "b"}, {"__name__", "up"}}));
}

TEST(Labels, AnAbsentLabelReadsAsEmptyAndAnEmptyOneIsNotKept) {
  const Labels labels{{"a", ""}, {"b", "1"}};
  EXPECT_EQ(labels.size(), 1U);
  EXPECT_EQ(labels.Get("a"), "");
  EXPECT_FALSE(labels.Has("a"));
  EXPECT_EQ(labels, (Labels{{"b", "1"}}));
}

TEST(Labels, KeepValuesLongerThanOneLengthByte) {
  const std::string value(300, 'x');
  const std::string huge(70'000, 'y');
  const Labels labels{{"a", value}, {"b", huge}, {"c", "end"}};
  EXPECT_EQ(labels.Get("a"), value);
  EXPECT_EQ(labels.Get("b"), huge);
  EXPECT_EQ(labels.Get("c"), "end");
}

TEST(Labels, PairsThatJoinToTheSameTextAreDifferentSets) {
  EXPECT_NE((Labels{{"a", "bc"}}), (Labels{{"ab", "c"}}));
  EXPECT_NE((Labels{{"a", "b"}, {"c", "d"}}), (Labels{{"a", "bcd"}}));
}

TEST(Labels, OrderIsPairByPairNamesBeforeValues) {
  EXPECT_LT((Labels{{"a", "1"}}), (Labels{{"a", "2"}}));
  EXPECT_LT((Labels{{"a", "2"}}), (Labels{{"b", "1"}}));
  EXPECT_LT((Labels{{"a", "1"}}), (Labels{{"a", "1"}, {"b", "1"}}));
  // A long value does not sort behind a short one because of its length.
  EXPECT_LT((Labels{{"a", std::string(200, 'a')}}), (Labels{{"a", "b"}}));
}

// FNV-1a with 64 bits of `name 0xff value 0xff ...`, computed here step by step from its
// definition.
TEST(Labels, FingerprintIsFnv1aOverSeparatedPairs) {
  std::uint64_t expected = 0xcbf29ce484222325ULL;
  for (unsigned char c : std::string("job\xffnode\xff")) {
    expected ^= c;
    expected *= 0x100000001b3ULL;
  }
  EXPECT_EQ((Labels{{"job", "node"}}).view().Fingerprint(), expected);
  EXPECT_EQ(Labels().view().Fingerprint(), 0xcbf29ce484222325ULL);
}

TEST(Labels, PrintLikeASelectorWithEscapes) {
  EXPECT_EQ((Labels{{"__name__", "up"}, {"job", "a\"b\\c\nd"}}).ToString(),
            R"(up{job="a\"b\\c\nd"})");
  EXPECT_EQ((Labels{{"__name__", "up"}}).ToString(), "up");
  EXPECT_EQ(Labels().ToString(), "{}");
}

TEST(LabelsBuilder, TheLastValueOfANameWinsAndAnEmptyOneRemoves) {
  LabelsBuilder builder;
  builder.Set("a", "1").Set("b", "2").Set("a", "3").Set("b", "");
  EXPECT_EQ(builder.Build(), (Labels{{"a", "3"}}));
}

TEST(LabelsBuilder, StartsFromASetAndCanBeUsedAgainAfterClear) {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}});
  builder.Remove("a").Set("c", "3");
  EXPECT_EQ(builder.Build(), (Labels{{"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(builder.Get("c"), "3");
  builder.Clear();
  EXPECT_EQ(builder.Get("c"), "");
  EXPECT_TRUE(builder.Build().empty());
}

TEST(LegacyNames, FollowPrometheusGrammar) {
  EXPECT_TRUE(IsLegacyMetricName("node:cpu_seconds:rate5m"));
  EXPECT_TRUE(IsLegacyMetricName("_x9"));
  EXPECT_FALSE(IsLegacyMetricName("9x"));
  EXPECT_FALSE(IsLegacyMetricName("a.b"));
  EXPECT_FALSE(IsLegacyMetricName(""));
  EXPECT_TRUE(IsLegacyLabelName("le"));
  EXPECT_FALSE(IsLegacyLabelName("a:b"));
}

TEST(DottedNames, MapEveryOtherCharacterToAnUnderscore) {
  EXPECT_EQ(MapMetricName("system.cpu.usage"), "system_cpu_usage");
  EXPECT_EQ(MapMetricName("already_fine:sum"), "already_fine:sum");
  EXPECT_EQ(MapMetricName("9lives"), "_9lives");
  EXPECT_EQ(MapMetricName("a-b c"), "a_b_c");
  EXPECT_EQ(MapLabelName("k8s.io/name"), "k8s_io_name");
  EXPECT_EQ(MapLabelName("a:b"), "a_b");
}

}  // namespace
}  // namespace tocsin
