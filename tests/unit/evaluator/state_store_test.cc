// What every state store does, whichever database it has.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "evaluator/persist/state_schema.h"
#include "tests/unit/evaluator/store_world.h"

namespace tocsin::evaluator {
namespace {

using Rows = std::vector<StateStore::Row>;

WriteBatch Put(std::string key, std::string value) {
  WriteBatch batch;
  batch.Put(StateTable::kAlerts, std::move(key), std::move(value));
  return batch;
}

using StateStoreTest = StoreTest;
TOCSIN_OVER_EVERY_DATABASE(StateStoreTest);

TEST_P(StateStoreTest, WhatWasCommittedIsThereAfterReopening) {
  {
    auto store = Open();
    EXPECT_TRUE(Commit(*store, Put("b", "2")).ok());
    EXPECT_TRUE(Commit(*store, Put("a", "1")).ok());
    EXPECT_TRUE(Commit(*store, Put("b", "3")).ok());
    WriteBatch batch;
    batch.Delete(StateTable::kAlerts, "a");
    batch.Put(StateTable::kOutbox, "n", std::string("x\0y", 3));
    EXPECT_TRUE(Commit(*store, std::move(batch)).ok());
  }
  auto store = Open();
  EXPECT_EQ(*store->Scan(StateTable::kAlerts), (Rows{{"b", "3"}}));
  EXPECT_EQ(*store->Scan(StateTable::kOutbox), (Rows{{"n", std::string("x\0y", 3)}}));
  EXPECT_TRUE(store->Scan(StateTable::kPushedGroups)->empty());
}

TEST_P(StateStoreTest, BatchesKeepTheOrderOfSubmitAndClosingWritesWhatWaits) {
  {
    auto store = Open();
    for (int i = 0; i < 1000; ++i) store->Submit(Put("k", std::to_string(i)), nullptr);
  }
  EXPECT_EQ(*Open()->Scan(StateTable::kAlerts), (Rows{{"k", "999"}}));
}

TEST_P(StateStoreTest, KeysAndValuesAreDataWhateverTheyLookLike) {
  auto store = Open();
  const std::string nasty = "'); DROP TABLE alerts; --";
  EXPECT_TRUE(Commit(*store, Put(nasty, nasty)).ok());
  EXPECT_EQ(*store->Scan(StateTable::kAlerts), (Rows{{nasty, nasty}}));
}

TEST_P(StateStoreTest, WritesThatFailAreReportedKeptAndMadeGoodLater) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, Put("before", "1")).ok());
  {
    const auto refusal = world_->RefuseWrites();
    const Status failed = Commit(*store, Put("during", "2"));
    EXPECT_FALSE(failed.ok());
    EXPECT_TRUE(store->Trouble().has_value());
    EXPECT_FALSE(Commit(*store, Put("during", "3")).ok());
  }
  // The next write finds the disk well again and brings the kept ones with it.
  EXPECT_TRUE(Commit(*store, Put("after", "4")).ok());
  EXPECT_FALSE(store->Trouble().has_value());
  EXPECT_EQ(*store->Scan(StateTable::kAlerts),
            (Rows{{"after", "4"}, {"before", "1"}, {"during", "3"}}));
}

TEST_P(StateStoreTest, TroubleIsLoggedWhenItBeginsAndWhenItEndsAndShownMeanwhile) {
  auto store = Open();
  ASSERT_TRUE(Commit(*store, Put("before", "1")).ok());
  EXPECT_FALSE(store->Trouble().has_value());
  {
    const auto refusal = world_->RefuseWrites();
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(Commit(*store, Put("k", std::to_string(i))).ok());
    EXPECT_NE(store->Trouble()->find(world_->Name()), std::string::npos) << *store->Trouble();
    const std::string since = *store->Trouble();
    EXPECT_NE(since.find(" (since 20"), std::string::npos) << since;
    EXPECT_FALSE(Commit(*store, Put("k", "again")).ok());
    EXPECT_EQ(store->Trouble(), since);  // it has not begun anew
  }
  ASSERT_TRUE(Commit(*store, Put("after", "1")).ok());
  std::vector<std::string> errors;
  for (const std::string& line : log_.lines()) {
    if (line.find("level=error") != std::string::npos) errors.push_back(line);
  }
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_NE(errors[0].find("state cannot be written"), std::string::npos) << errors[0];
  const std::string last = log_.lines().back();
  EXPECT_NE(last.find("level=info"), std::string::npos) << last;
  EXPECT_NE(last.find("can be written again"), std::string::npos) << last;
}

TEST_P(StateStoreTest, WritesThatCouldNotBeMadeAreMadeGoodWhenItCloses) {
  {
    auto store = Open();
    const auto refusal = world_->RefuseWrites();
    EXPECT_FALSE(Commit(*store, Put("kept", "1")).ok());
  }
  EXPECT_EQ(*Open()->Scan(StateTable::kAlerts), (Rows{{"kept", "1"}}));
}

TEST_P(StateStoreTest, ManyThreadsMaySubmitAtOnce) {
  auto store = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(Commit(*store, Put(std::to_string(t) + "-" + std::to_string(i), "v")).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->Scan(StateTable::kAlerts)->size(), 400U);
}

TEST_P(StateStoreTest, ReadsPartsOfATableFromEitherEnd) {
  const auto store = Open();
  for (const char* key : {"a", "b", "c", "d", "head"}) {
    ASSERT_TRUE(Commit(*store, Put(key, std::string("of ") + key)).ok());
  }
  const auto keys = [&store](const StateStore::Part& part) {
    std::string found;
    const auto rows = store->ScanPart(StateTable::kAlerts, part);
    for (const auto& [key, value] : *rows) {
      EXPECT_EQ(value, "of " + key);
      found += key;
    }
    return found;
  };
  EXPECT_EQ(keys({"", "e", 10, false}), "abcd");
  EXPECT_EQ(keys({"b", "d", 10, false}), "bc");
  EXPECT_EQ(keys({"", "e", 2, false}), "ab");
  EXPECT_EQ(keys({"", "e", 2, true}), "dc");
  EXPECT_EQ(keys({"x", "y", 2, true}), "");
  // The base's way of doing it says the same.
  const StateStore& base = *store;
  EXPECT_EQ(base.StateStore::ScanPart(StateTable::kAlerts, {"b", "e", 2, true}).value(),
            base.ScanPart(StateTable::kAlerts, {"b", "e", 2, true}).value());
}

TEST_P(StateStoreTest, ADatabaseOfANewerProgramIsRefusedWithTheVersions) {
  (void)Open();
  world_->SetVersion(99);
  const auto store = TryOpen();
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.message().find("schema version 99"), std::string::npos) << store.message();
}

// From each version that there has been, with all that it had.
TEST_P(StateStoreTest, IsBroughtUpToDateFromEveryEarlierVersion) {
  for (std::size_t version = 0; version <= SchemaSteps().size(); ++version) {
    SCOPED_TRACE(version);
    SetUp();  // an empty database each time
    world_->MakeOld(version);
    const auto store = Open();
    for (const OldTable& table : kOldTables) {
      SCOPED_TRACE(table.name);
      // What SQLite's outbox held before version 4 nobody can tell any more.
      const bool is_let_go =
          table.table == StateTable::kOutbox && version < 4 && GetParam() == DatabaseKind::kSqlite;
      EXPECT_EQ(*store->Scan(table.table),
                version >= table.since && !is_let_go ? (Rows{{"old", "1"}}) : Rows());
    }
    EventQuery of_old;
    of_old.types = {"a.old"};
    const std::size_t old_events = version >= kEventsSince ? 1 : 0;
    EXPECT_EQ(store->Events(of_old)->size(), old_events);
    // Every table is there, and the history.
    WriteBatch batch;
    for (const StateTable table : kStateTables) batch.Put(table, "new", "2");
    Event event;
    event.type = "a.a";
    batch.Record(event);
    const Status written = Commit(*store, std::move(batch));
    ASSERT_TRUE(written.ok()) << written.message();
    for (const StateTable table : kStateTables) {
      EXPECT_EQ(store->ScanPart(table, {"n", "o", 9, false})->size(), 1U);
    }
    EXPECT_EQ(store->Events({})->size(), old_events + 1);
  }
}

TEST_P(StateStoreTest, KeepsKeysAndValuesThatAreNoText) {
  const std::string bytes("\0\xff\xfe'\\\n", 6);
  {
    const auto store = Open();
    ASSERT_TRUE(Commit(*store, Put(bytes, bytes)).ok());
    ASSERT_TRUE(Commit(*store, Put("", "")).ok());
  }
  EXPECT_EQ(*Open()->Scan(StateTable::kAlerts), (Rows{{"", ""}, {bytes, bytes}}));
}

TEST_P(StateStoreTest, SortsKeysByTheirBytes) {
  const auto store = Open();
  for (const char* key : {"b", "B", "\u00e9", "a/1", "a", "a.1"}) {
    ASSERT_TRUE(Commit(*store, Put(key, "")).ok());
  }
  EXPECT_EQ(*store->Scan(StateTable::kAlerts),
            (Rows{{"B", ""}, {"a", ""}, {"a.1", ""}, {"a/1", ""}, {"b", ""}, {"\u00e9", ""}}));
}

TEST_P(StateStoreTest, TheLastOfSeveralWritesOfAKeyInOneBatchCounts) {
  const auto store = Open();
  WriteBatch batch;
  batch.Put(StateTable::kAlerts, "a", "1");
  batch.Delete(StateTable::kAlerts, "a");
  batch.Put(StateTable::kAlerts, "b", "1");
  batch.Put(StateTable::kAlerts, "b", "2");
  batch.Put(StateTable::kAlerts, "c", "1");
  batch.Delete(StateTable::kAlerts, "c");
  batch.Put(StateTable::kAlerts, "c", "3");
  ASSERT_TRUE(Commit(*store, std::move(batch)).ok());
  EXPECT_EQ(*store->Scan(StateTable::kAlerts), (Rows{{"b", "2"}, {"c", "3"}}));
}

// A statement has its limits.
TEST_P(StateStoreTest, TakesLargeBatchesAndValues) {
  const auto store = Open();
  WriteBatch batch;
  for (int i = 0; i < 5'000; ++i) {
    batch.Put(StateTable::kAlerts, std::to_string(i), std::string(1'000, 'x'));
  }
  batch.Put(StateTable::kPushedGroups, "large", std::string(20 << 20, 'y'));
  const Status written = Commit(*store, std::move(batch));
  ASSERT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(store->Scan(StateTable::kAlerts)->size(), 5'000U);
  EXPECT_EQ(store->Scan(StateTable::kPushedGroups)->at(0).second, std::string(20 << 20, 'y'));
}

}  // namespace
}  // namespace tocsin::evaluator
