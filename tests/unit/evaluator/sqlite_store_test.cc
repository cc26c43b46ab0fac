#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "evaluator/persist/sqlite_database.h"
#include "tests/support/fake_clock.h"
#include "tests/support/null_log.h"
#include "tests/support/temp_dir.h"

namespace tocsin::evaluator {
namespace {

// Root may write to every file: while this lives, the process is an ordinary user.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (root_) CHECK(seteuid(kNobody) == 0);
  }
  ~OrdinaryUser() {
    if (root_) CHECK(seteuid(0) == 0);
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const bool root_ = geteuid() == 0;
};

// Before a file is made an older one, what later versions have added to it goes.
#define DROP_TABLES_SINCE_VERSION_5                                                           \
  "DROP TABLE api_keys; DROP TABLE audit; DROP TABLE managed_rules;"                          \
  "DROP TABLE managed_receivers; DROP TABLE idempotency_keys; DROP TABLE events; DROP TABLE " \
  "event_blocks; DROP TABLE alert_comments;"

class SqliteStoreTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<StateStore>> Open() {
    registry_ = std::make_unique<MetricRegistry>();
    return OpenSqliteStore(Path(), StoreRole::kDaemon, clock_, Logger(log_, "store"), *registry_);
  }
  std::string Path() const { return dir_.path() + "/state.db"; }

  // Waits until a batch is durable or has failed.
  static Status Commit(StateStore& store, WriteBatch batch) {
    std::promise<Status> done;
    store.Submit(std::move(batch), [&](const Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  static WriteBatch Put(std::string key, std::string value) {
    WriteBatch batch;
    batch.Put(StateTable::kAlerts, std::move(key), std::move(value));
    return batch;
  }

  testing::TempDir dir_;
  SystemClock clock_;
  testing::RecordingLogSink log_;
  std::unique_ptr<MetricRegistry> registry_;
};

using Rows = std::vector<StateStore::Row>;

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefusedByName) {
  std::ofstream(Path()) << std::string(4096, 'x');
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.message().find(Path()), std::string::npos) << store.message();
}

TEST_F(SqliteStoreTest, AFileThatMayNotBeWrittenIsRefusedByName) {
  (void)Open();
  using std::filesystem::perms;
  std::filesystem::permissions(dir_.path(), perms::all);
  std::filesystem::permissions(Path(), perms::owner_read | perms::group_read | perms::others_read);
  const OrdinaryUser user;
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.message().find(Path() + " is read-only"), std::string::npos) << store.message();
}

// By each of its names, at the same time, since each refusal takes some seconds.
TEST_F(SqliteStoreTest, ASecondDaemonOnOneFileIsRefusedByWhateverNameAndACommandIsNot) {
  const auto first = *Open();
  const testing::TempDir elsewhere;
  const std::string link = elsewhere.path() + "/link.db";
  const std::string folder = elsewhere.path() + "/folder";
  std::filesystem::create_symlink(Path(), link);
  std::filesystem::create_directory_symlink(dir_.path(), folder);
  std::vector<std::future<Result<std::unique_ptr<StateStore>>>> others;
  std::vector<std::unique_ptr<MetricRegistry>> registries;
  const std::vector<std::string> names = {Path(), dir_.path() + "/./state.db", link,
                                          folder + "/state.db"};
  for (const std::string& name : names) {
    MetricRegistry& registry = *registries.emplace_back(std::make_unique<MetricRegistry>());
    others.push_back(std::async(std::launch::async, [this, name, &registry] {
      return OpenSqliteStore(name, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
    }));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto other = others[i].get();
    ASSERT_FALSE(other.ok()) << names[i];
    EXPECT_NE(other.message().find(names[i] + " is in use by another tocsin; stop that one"),
              std::string::npos)
        << other.message();
  }
  MetricRegistry registry;
  const auto command =
      OpenSqliteStore(link, StoreRole::kBeside, clock_, Logger(log_, "store"), registry);
  ASSERT_TRUE(command.ok()) << command.message();
  EXPECT_TRUE(Commit(**command, Put("of", "the command")).ok());
  EXPECT_TRUE(Commit(*first, Put("of", "the daemon")).ok());
}

TEST_F(SqliteStoreTest, TheLockGoesWithItsDaemon) {
  for (int i = 0; i < 3; ++i) {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.message();
  }
}

TEST_F(SqliteStoreTest, ALockFileThatMayNotBeWrittenIsRefusedByName) {
  (void)Open();
  using std::filesystem::perms;
  std::filesystem::permissions(dir_.path(), perms::all);
  std::filesystem::permissions(Path(), perms::all);
  std::filesystem::permissions(Path() + "-lock", perms::owner_read);
  const OrdinaryUser user;
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.message().find(Path() + "-lock: Permission denied"), std::string::npos)
      << store.message();
}

TEST_F(SqliteStoreTest, RowsOfTheOldOutboxAreGoneAfterAnUpgradeAndCooldownsStay) {
  (void)Open();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw,
                         "INSERT INTO outbox VALUES ('e1-firing-1/ops', '{}');"
                         "INSERT INTO announcements VALUES ('episode/e1', '{}');"
                         "INSERT INTO announcements VALUES ('cooldown/1', '7');"
                         "DROP TABLE acknowledgements;" DROP_TABLES_SINCE_VERSION_5
                         "PRAGMA user_version = 3",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  const auto store = *Open();
  EXPECT_TRUE(store->Scan(StateTable::kOutbox)->empty());
  const auto left = *store->Scan(StateTable::kAnnouncements);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].first, "cooldown/1");
}

TEST_F(SqliteStoreTest, PostedAlertsOfAnEarlierVersionAreThereAfterAnUpgrade) {
  (void)Open();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &raw), SQLITE_OK);
  // As version 5 had it.
  ASSERT_EQ(sqlite3_exec(
                raw,
                DROP_TABLES_SINCE_VERSION_5
                "DROP TABLE posted_alerts;"
                "CREATE TABLE posted_alerts (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);"
                "INSERT INTO posted_alerts VALUES ('b', '2'), ('a', '1');"
                "PRAGMA user_version = 5",
                nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(raw);
  const auto store = *Open();
  EXPECT_EQ(*store->Scan(StateTable::kPostedAlerts), (Rows{{"a", "1"}, {"b", "2"}}));
}

TEST_F(SqliteStoreTest, TheWritersLagIsTheAgeOfTheOldestWriteThatIsNotDealtWith) {
  testing::FakeClock clock;
  MetricRegistry registry;
  const auto store =
      *OpenSqliteStore(Path(), StoreRole::kDaemon, clock, Logger(log_, "store"), registry);
  EXPECT_EQ(store->WriterLag(), Duration(0));
  std::promise<void> committed;
  std::promise<void> may_go_on;
  store->Submit(Put("a", "1"), [&](const Status&) {
    committed.set_value();
    may_go_on.get_future().wait();
  });
  committed.get_future().wait();
  clock.Advance(std::chrono::seconds(3));
  store->Submit(Put("a", "2"), nullptr);
  clock.Advance(std::chrono::seconds(4));
  EXPECT_EQ(store->WriterLag(), std::chrono::seconds(7));
  may_go_on.set_value();
  ASSERT_TRUE(Commit(*store, Put("a", "3")).ok());
  // The writer is a moment behind its answers.
  while (store->WriterLag() != Duration(0)) std::this_thread::yield();
}

// What kill -9 leaves behind: the files as they are at some moment, the log not yet moved into the
// database.
TEST_F(SqliteStoreTest, WhatStandsOnlyInTheLogOfAKilledProcessIsThere) {
  const testing::TempDir left;
  const std::string copy = left.path() + "/state.db";
  auto store = *Open();
  ASSERT_TRUE(Commit(*store, Put("a", "1")).ok());
  ASSERT_TRUE(Commit(*store, Put("a", "2")).ok());
  std::filesystem::copy_file(Path(), copy);
  std::filesystem::copy_file(Path() + "-wal", copy + "-wal");
  MetricRegistry registry;
  const auto reopened =
      OpenSqliteStore(copy, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
  ASSERT_TRUE(reopened.ok()) << reopened.message();
  EXPECT_EQ(*(*reopened)->Scan(StateTable::kAlerts), (Rows{{"a", "2"}}));
}

// Overwrites the first place of the text by zeros: a block that never reached the disk.
void EraseIn(const std::string& path, const std::string& text) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t at = bytes.find(text);
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at));
  file << std::string(text.size(), '\0');
}

// The power went while the last commit was being written.
TEST_F(SqliteStoreTest, ATornLogLosesTheTornCommitAndNoOther) {
  const testing::TempDir left;
  const std::string copy = left.path() + "/state.db";
  auto store = *Open();
  ASSERT_TRUE(Commit(*store, Put("a", "1")).ok());
  ASSERT_TRUE(Commit(*store, Put("b", std::string(3'000, 'x'))).ok());
  std::filesystem::copy_file(Path(), copy);
  std::filesystem::copy_file(Path() + "-wal", copy + "-wal");
  EraseIn(copy + "-wal", std::string(100, 'x'));
  MetricRegistry registry;
  const auto reopened =
      OpenSqliteStore(copy, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
  ASSERT_TRUE(reopened.ok()) << reopened.message();
  EXPECT_EQ(*(*reopened)->Scan(StateTable::kAlerts), (Rows{{"a", "1"}}));
  EXPECT_TRUE(Commit(**reopened, Put("c", "3")).ok());
}

TEST_F(SqliteStoreTest, ADamagedDatabaseIsRefusedOrItsTableIsInsteadOfLosingRowsSilently) {
  {
    auto store = *Open();
    for (int i = 0; i < 200; ++i) {
      store->Submit(Put(std::to_string(i), std::string(500, 'x')), nullptr);
    }
  }
  {
    // Every page but the first, which tells that it is a database.
    std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const auto size = std::filesystem::file_size(Path());
    ASSERT_GT(size, 8192U);
    file << std::string(size - 4096, '\xee');
  }
  const auto store = Open();
  if (!store.ok()) return;
  const auto rows = (*store)->Scan(StateTable::kAlerts);
  ASSERT_FALSE(rows.ok());
  EXPECT_NE(rows.message().find(Path()), std::string::npos) << rows.message();
}

TEST_F(SqliteStoreTest, AFolderThatIsNotThereIsRefusedByName) {
  MetricRegistry registry;
  const std::string path = dir_.path() + "/absent/state.db";
  const auto store =
      OpenSqliteStore(path, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
  ASSERT_FALSE(store.ok());
  EXPECT_NE(store.message().find(path), std::string::npos) << store.message();
}

}  // namespace
}  // namespace tocsin::evaluator
