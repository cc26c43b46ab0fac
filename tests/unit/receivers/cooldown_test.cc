#include "receivers/mute/cooldown.h"

#include <gtest/gtest.h>

#include "tests/unit/receivers/times.h"

namespace tocsin::receivers {
namespace {

TEST(CooldownClocks, RunUntilTheirEndAndNotBeyond) {
  CooldownClocks clocks;
  EXPECT_EQ(clocks.RunsUntil(1, kNow), std::nullopt);
  clocks.Start(1, kNow + kMinute);
  EXPECT_EQ(clocks.RunsUntil(1, kNow), kNow + kMinute);
  EXPECT_EQ(clocks.RunsUntil(1, kNow + kMinute - Duration(1)), kNow + kMinute);
  EXPECT_EQ(clocks.RunsUntil(1, kNow + kMinute), std::nullopt);
  EXPECT_EQ(clocks.RunsUntil(2, kNow), std::nullopt);
}

TEST(CooldownClocks, ComeBackFromTheStore) {
  CooldownClocks clocks;
  clocks.Start(0xabc, kNow + kMinute);
  WriteBatch batch;
  clocks.Flush(&batch);
  ASSERT_EQ(batch.operations().size(), 1U);
  const WriteBatch::Operation& row = batch.operations()[0];
  EXPECT_EQ(row.table, StateTable::kAnnouncements);
  EXPECT_EQ(row.key, "cooldown/0000000000000abc");

  CooldownClocks restored;
  EXPECT_TRUE(restored.Restore(row.key, *row.value));
  EXPECT_EQ(restored.RunsUntil(0xabc, kNow), kNow + kMinute);
}

TEST(CooldownClocks, WriteOnlyWhatHasChanged) {
  CooldownClocks clocks;
  clocks.Start(1, kNow + kMinute);
  WriteBatch first;
  clocks.Flush(&first);
  WriteBatch second;
  clocks.Flush(&second);
  EXPECT_TRUE(second.empty());
}

TEST(CooldownClocks, AreDeletedWhenTheyHaveEnded) {
  CooldownClocks clocks;
  clocks.Start(1, kNow + kMinute);
  clocks.Start(2, kNow + 2 * kMinute);
  WriteBatch begun;
  clocks.Flush(&begun);
  clocks.Prune(kNow + kMinute);
  WriteBatch batch;
  clocks.Flush(&batch);
  ASSERT_EQ(batch.operations().size(), 1U);
  EXPECT_EQ(batch.operations()[0].key, "cooldown/0000000000000001");
  EXPECT_EQ(batch.operations()[0].value, std::nullopt);
  EXPECT_EQ(clocks.RunsUntil(2, kNow + kMinute), kNow + 2 * kMinute);
}

TEST(CooldownClocks, AreDeletedWhenTheyAreCancelled) {
  CooldownClocks clocks;
  clocks.Start(1, kNow + kMinute);
  WriteBatch begun;
  clocks.Flush(&begun);
  clocks.Cancel(1);
  EXPECT_EQ(clocks.RunsUntil(1, kNow), std::nullopt);
  WriteBatch batch;
  clocks.Flush(&batch);
  ASSERT_EQ(batch.operations().size(), 1U);
  EXPECT_EQ(batch.operations()[0].value, std::nullopt);
}

TEST(CooldownClocks, MoveOnlyWhileTheyExistAndWithoutAWrite) {
  CooldownClocks clocks;
  clocks.Move(1, kNow + kMinute);
  EXPECT_EQ(clocks.RunsUntil(1, kNow), std::nullopt);
  clocks.Start(1, kNow + kMinute);
  WriteBatch begun;
  clocks.Flush(&begun);
  clocks.Move(1, kNow + 2 * kMinute);
  EXPECT_EQ(clocks.RunsUntil(1, kNow), kNow + 2 * kMinute);
  WriteBatch batch;
  clocks.Flush(&batch);
  EXPECT_TRUE(batch.empty());
}

TEST(CooldownClocks, RefuseRowsOfAnotherMaking) {
  CooldownClocks clocks;
  EXPECT_FALSE(clocks.Restore("episode/e1", "1"));
  EXPECT_FALSE(clocks.Restore("cooldown/xyz", "1"));
  EXPECT_FALSE(clocks.Restore("cooldown/0000000000000001", "soon"));
}

}  // namespace
}  // namespace tocsin::receivers
