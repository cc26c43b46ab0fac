#include "base/sample.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(SampleBatch, GivesBackTheLabelsOfEachSampleAndTheirHash) {
  SampleBatch batch(Origin::kJson);
  const Labels first{{"__name__", "a"}, {"x", "1"}};
  LabelsBuilder builder;
  builder.Set("y", "2").Set("__name__", "b");
  batch.Add(first, {FromUnixMillis(1), 1});
  batch.Add(builder, {FromUnixMillis(2), 2});
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.labels(batch.items()[0]), first.view());
  EXPECT_EQ(Labels(batch.labels(batch.items()[1])), (Labels{{"__name__", "b"}, {"y", "2"}}));
  EXPECT_EQ(batch.items()[0].hash, first.view().Hash());
}

TEST(SampleBatch, IsEmptyAfterClear) {
  SampleBatch batch(Origin::kJson);
  batch.Add(Labels{{"__name__", "a"}}, {});
  batch.AddMetadata({"a", MetricType::kGauge, "", "", ""});
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.metadata().empty());
}

TEST(SpellingOf, TellsNamesApartThatMapToOneAndIsNeverZero) {
  EXPECT_NE(SpellingOf("a.b"), SpellingOf("a-b"));
  EXPECT_EQ(SpellingOf("a.b"), SpellingOf("a.b"));
  EXPECT_NE(SpellingOf(""), 0U);
}

}  // namespace
}  // namespace tocsin
