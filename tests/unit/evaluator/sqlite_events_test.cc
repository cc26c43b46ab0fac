// Events in an SQLite file: what a kill leaves behind, and the blocks that lead its queries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <future>
#include <thread>

#include "base/check.h"
#include "evaluator/persist/event_block.h"
#include "evaluator/persist/sqlite_database.h"
#include "tests/support/null_log.h"
#include "tests/support/temp_dir.h"

namespace tocsin::evaluator {
namespace {

using EventNumbers = std::vector<std::uint64_t>;

Event EventOfType(std::string type) {
  Event event;
  event.type = std::move(type);
  event.at = FromUnixMillis(1'700'000'000'000);
  event.body = "{}";
  return event;
}

class SqliteEventsTest : public ::testing::Test {
 protected:
  std::unique_ptr<StateStore> Open() { return OpenAt(Path()); }
  std::unique_ptr<StateStore> OpenAt(const std::string& path) {
    registry_ = std::make_unique<MetricRegistry>();
    auto store =
        OpenSqliteStore(path, StoreRole::kDaemon, clock_, Logger(log_, "store"), *registry_);
    CHECK(store.ok());
    return *std::move(store);
  }
  std::string Path() const { return dir_.path() + "/state.db"; }
  void Execute(const std::string& sql) const {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(Path().c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }

  static Status Commit(StateStore& store, WriteBatch batch) {
    std::promise<Status> done;
    store.Submit(std::move(batch), [&](const Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  static Status Record(StateStore& store, std::vector<Event> events) {
    WriteBatch batch;
    for (Event& event : events) batch.Record(std::move(event));
    return Commit(store, std::move(batch));
  }
  static EventNumbers Find(const StateStore& store, EventQuery query) {
    query.limit = 1'000'000;
    EventNumbers numbers;
    for (const Event& event : *store.Events(query)) numbers.push_back(event.sequence);
    return numbers;
  }

  testing::TempDir dir_;
  SystemClock clock_;
  testing::RecordingLogSink log_;
  std::unique_ptr<MetricRegistry> registry_;
};

// What kill -9 leaves behind: the files as they are, the log not yet moved into the database.
TEST_F(SqliteEventsTest, AKilledProcessHasUsedNoNumberThatIsNotThere) {
  const testing::TempDir left;
  const std::string copy = left.path() + "/state.db";
  auto store = Open();
  ASSERT_TRUE(Record(*store, {EventOfType("a.a"), EventOfType("a.b")}).ok());
  std::filesystem::copy_file(Path(), copy);
  std::filesystem::copy_file(Path() + "-wal", copy + "-wal");
  ASSERT_TRUE(Record(*store, {EventOfType("a.lost")}).ok());
  auto reopened = OpenAt(copy);
  EXPECT_EQ(reopened->LastEvent(), 2U);
  ASSERT_TRUE(Record(*reopened, {EventOfType("a.c")}).ok());
  EXPECT_EQ(Find(*reopened, {}), (EventNumbers{1, 2, 3}));
}

// An alert has four events in a row, so that some stand on both sides of a border between blocks.
std::vector<Event> EventsOfManyAlerts(int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    events.push_back(EventOfType("alert.active"));
    events.back().alert_id = "alert" + std::to_string(i / 4);
  }
  return events;
}

TEST_F(SqliteEventsTest, BlocksAreMadeUpForWhatAnEarlierVersionHasWritten) {
  ASSERT_TRUE(Record(*Open(), EventsOfManyAlerts(3 * EventBlock::kEvents + 100)).ok());
  Execute(
      "DROP TABLE event_blocks; DROP TABLE alert_comments;"
      "CREATE INDEX events_by_time ON events (at);"
      "CREATE INDEX events_by_type ON events (type);"
      "CREATE INDEX events_by_alert ON events (alert_id);"
      "CREATE INDEX events_by_rule ON events (rule_id);"
      "CREATE INDEX events_by_receiver ON events (receiver);"
      "PRAGMA user_version = 8");
  const auto store = Open();
  EventQuery query;
  query.alert_id = "alert127";  // its numbers begin with 509
  EXPECT_EQ(Find(*store, query), (EventNumbers{509, 510, 511, 512}));
  query.alert_id = "alert200";
  EXPECT_EQ(Find(*store, query), (EventNumbers{801, 802, 803, 804}));
}

TEST_F(SqliteEventsTest, BlocksGoWithTheirEvents) {
  constexpr std::uint64_t kEvents = 3 * EventBlock::kEvents + 100;
  auto store = Open();
  ASSERT_TRUE(Record(*store, EventsOfManyAlerts(kEvents)).ok());
  store->PruneEvents(kEarliestTime, 600);
  // Pruning is the writer's, and over when there is nothing left to do.
  while (Find(*store, {}).front() != kEvents - 599) std::this_thread::yield();
  store.reset();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &raw), SQLITE_OK);
  std::string first;
  ASSERT_EQ(sqlite3_exec(
                raw, "SELECT min(number) FROM event_blocks",
                [](void* out, int, char** values, char**) {
                  *static_cast<std::string*>(out) = values[0];
                  return 0;
                },
                &first, nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  EXPECT_EQ(first,
            std::to_string((kEvents - 599) / static_cast<std::uint64_t>(EventBlock::kEvents)));
}

TEST_F(SqliteEventsTest, InMemoryEventsAreReadToo) {
  auto store = OpenAt(":memory:");
  ASSERT_TRUE(Record(*store, {EventOfType("a.a"), EventOfType("a.b")}).ok());
  EXPECT_EQ(Find(*store, {}), (EventNumbers{1, 2}));
}

TEST_F(SqliteEventsTest, ADatabaseFromBeforeTheHistoryKeepsItsRowsAndGetsOne) {
  {
    auto store = Open();
    WriteBatch batch;
    batch.Put(StateTable::kAlerts, "a", "1");
    batch.Put(StateTable::kSilences, "s", "2");
    ASSERT_TRUE(Commit(*store, std::move(batch)).ok());
  }
  Execute(
      "DROP TABLE events; DROP TABLE event_blocks; DROP TABLE alert_comments;"
      "PRAGMA user_version = 7");
  auto store = Open();
  EXPECT_EQ(*store->Scan(StateTable::kAlerts), (std::vector<StateStore::Row>{{"a", "1"}}));
  EXPECT_EQ(*store->Scan(StateTable::kSilences), (std::vector<StateStore::Row>{{"s", "2"}}));
  ASSERT_TRUE(Record(*store, {EventOfType("a.a")}).ok());
  EXPECT_EQ(Find(*store, {}), (EventNumbers{1}));
}

}  // namespace
}  // namespace tocsin::evaluator
