#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
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

// ---- files that go while the database is open

// Real time, and as much more as the test wants to have gone by.
class JumpingClock final : public Clock {
 public:
  Timestamp Now() const override { return system_.Now(); }
  std::chrono::nanoseconds Monotonic() const override {
    ahead_ += each_.load();
    return system_.Monotonic() + std::chrono::nanoseconds(ahead_.load());
  }
  void Jump(std::chrono::nanoseconds by) { ahead_ += by.count(); }
  // At every look at it.
  void JumpEachTime(std::chrono::nanoseconds by) { each_ = by.count(); }

 private:
  SystemClock system_;
  mutable std::atomic<std::int64_t> ahead_{0};
  std::atomic<std::int64_t> each_{0};
};

class SqliteFileGoneTest : public SqliteStoreTest {
 protected:
  SqliteFileGoneTest() {
    store_ = *OpenSqliteStore(Path(), StoreRole::kDaemon, jumping_clock_, Logger(log_, "store"),
                              metrics_);
    WriteBatch batch = Put("before", "1");
    batch.Record(EventOf("before"));
    CHECK(Commit(*store_, std::move(batch)).ok());
  }

  static Event EventOf(std::string type) {
    Event event;
    event.type = std::move(type);
    return event;
  }
  static constexpr const char* kSuffixes[] = {"", "-wal", "-shm", "-lock"};
  void DeleteAll() const {
    for (const char* suffix : kSuffixes) ASSERT_TRUE(std::filesystem::remove(Path() + suffix));
  }
  void MoveAll(const std::string& from, const std::string& to) const {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::rename(from + "/state.db" + suffix, to + "/state.db" + suffix);
    }
  }
  // A write that is refused, with an event.
  std::string RefusedWrite(const std::string& key) {
    WriteBatch batch = Put(key, "2");
    batch.Record(EventOf(key));
    const Status refused = Commit(*store_, std::move(batch));
    EXPECT_FALSE(refused.ok());
    EXPECT_NE(refused.message().find(Path()), std::string::npos) << refused.message();
    EXPECT_TRUE(store_->Trouble().has_value());
    return refused.message();
  }
  // The next write that is made, and how many were refused before it.
  int WriteAfter() {
    int refused = 0;
    while (!Commit(*store_, Put("after", "3")).ok()) ++refused;
    EXPECT_FALSE(store_->Trouble().has_value());
    return refused;
  }
  // What the next start finds, also where this process is killed now.
  void ExpectAllAfterAKill(const Rows& rows, const std::vector<std::string>& types) {
    const testing::TempDir left;
    const std::string copy = left.path() + "/state.db";
    std::filesystem::copy_file(Path(), copy);
    std::filesystem::copy_file(Path() + "-wal", copy + "-wal");
    MetricRegistry registry;
    const auto reopened =
        OpenSqliteStore(copy, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
    ASSERT_TRUE(reopened.ok()) << reopened.message();
    EXPECT_EQ(*(*reopened)->Scan(StateTable::kAlerts), rows);
    std::vector<std::string> found;
    const auto events = (*reopened)->Events({});
    for (const Event& event : *events) found.push_back(event.type);
    EXPECT_EQ(found, types);
  }
  bool HasLogged(const std::string& text) const {
    for (const std::string& line : log_.lines()) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  JumpingClock jumping_clock_;
  MetricRegistry metrics_;
  std::unique_ptr<StateStore> store_;
};

const Rows kAllRows = {{"after", "3"}, {"before", "1"}, {"during", "2"}};

TEST_F(SqliteFileGoneTest, OneThatIsDeletedIsWrittenAnewWithAllThatItHeld) {
  using std::filesystem::perms;
  std::filesystem::permissions(Path(), perms::owner_read | perms::owner_write);
  ASSERT_TRUE(Commit(*store_, Put("before", "1")).ok());
  DeleteAll();
  EXPECT_NE(RefusedWrite("during").find("the file is gone"), std::string::npos);
  // Whoever has moved it may still put it back.
  EXPECT_FALSE(Commit(*store_, Put("during", "2")).ok());
  EXPECT_FALSE(std::filesystem::exists(Path()));
  jumping_clock_.Jump(std::chrono::seconds(5));
  WriteAfter();
  EXPECT_TRUE(HasLogged("written anew, with all that it held"));
  EXPECT_EQ(std::filesystem::status(Path()).permissions(), perms::owner_read | perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(Path() + "-new"));
  EXPECT_EQ(*store_->Scan(StateTable::kAlerts), kAllRows);
  EXPECT_EQ(store_->Events({})->size(), 2U);
  ExpectAllAfterAKill(kAllRows, {"before", "during"});
  // It is locked as the old one was.
  EXPECT_FALSE(Open().ok());
}

TEST_F(SqliteFileGoneTest, ALargeOneIsWrittenAnewInPartsAndNobodyWaitsForTheLast) {
  Rows rows = kAllRows;
  for (int i = 0; i < 8; ++i) {
    const std::string key = "before" + std::to_string(i);
    const std::string value(2 << 20, 'x');
    ASSERT_TRUE(Commit(*store_, Put(key, value)).ok());
    rows.emplace_back(key, value);
  }
  std::sort(rows.begin(), rows.end());
  DeleteAll();
  RefusedWrite("during");
  jumping_clock_.Jump(std::chrono::seconds(5));
  jumping_clock_.JumpEachTime(std::chrono::milliseconds(200));
  EXPECT_GE(WriteAfter(), 3);
  ExpectAllAfterAKill(rows, {"before", "during"});
}

TEST_F(SqliteFileGoneTest, OneThatIsPutBackGoesOn) {
  const testing::TempDir elsewhere;
  MoveAll(dir_.path(), elsewhere.path());
  RefusedWrite("during");
  MoveAll(elsewhere.path(), dir_.path());
  EXPECT_EQ(WriteAfter(), 0);
  EXPECT_FALSE(HasLogged("written anew, with all"));
  ExpectAllAfterAKill(kAllRows, {"before", "during"});
}

TEST_F(SqliteFileGoneTest, OneWhoseFolderIsGoneWaitsForIt) {
  const std::string away = dir_.path() + "-away";
  std::filesystem::rename(dir_.path(), away);
  RefusedWrite("during");
  jumping_clock_.Jump(std::chrono::seconds(5));
  while (RefusedWrite("during").find("that has failed: ") == std::string::npos) {
  }
  std::filesystem::rename(away, dir_.path());
  EXPECT_EQ(WriteAfter(), 0);
}

TEST_F(SqliteFileGoneTest, AnotherInItsPlaceIsLeftAlone) {
  const testing::TempDir elsewhere;
  MoveAll(dir_.path(), elsewhere.path());
  std::ofstream(Path()) << "of somebody else";
  EXPECT_NE(RefusedWrite("during").find("another file stands in its place"), std::string::npos);
  jumping_clock_.Jump(std::chrono::minutes(1));
  for (int i = 0; i < 3; ++i) RefusedWrite("during");
  std::string other;
  std::getline(std::ifstream(Path()), other);
  EXPECT_EQ(other, "of somebody else");
  std::filesystem::remove(Path());
  MoveAll(elsewhere.path(), dir_.path());
  EXPECT_EQ(WriteAfter(), 0);
}

TEST_F(SqliteFileGoneTest, WhoeverHasBegunANewOneMeanwhileKeepsIt) {
  DeleteAll();
  const auto second = Open();
  ASSERT_TRUE(second.ok()) << second.message();
  EXPECT_NE(RefusedWrite("during").find("another file stands in its place"), std::string::npos);
  jumping_clock_.Jump(std::chrono::minutes(1));
  RefusedWrite("during");
  EXPECT_TRUE((*second)->Scan(StateTable::kAlerts)->empty());
  EXPECT_TRUE(Commit(**second, Put("of", "the second")).ok());
}

TEST_F(SqliteFileGoneTest, ALogThatIsDeletedLosesNothing) {
  for (const char* suffix : {"-wal", "-shm"}) {
    SCOPED_TRACE(suffix);
    ASSERT_TRUE(std::filesystem::remove(Path() + suffix));
    // Refused once, unless the store has noticed by itself.
    EXPECT_LE(WriteAfter(), 1);
    ExpectAllAfterAKill({{"after", "3"}, {"before", "1"}}, {"before"});
  }
  EXPECT_TRUE(HasLogged("the log of the state database was gone"));
}

TEST_F(SqliteFileGoneTest, ALockFileThatIsDeletedIsMadeAnew) {
  ASSERT_TRUE(std::filesystem::remove(Path() + "-lock"));
  EXPECT_EQ(WriteAfter(), 0);
  EXPECT_FALSE(Open().ok());
}

TEST_F(SqliteFileGoneTest, WhoeverHasTakenTheLockMeanwhileIsNamed) {
  ASSERT_TRUE(std::filesystem::remove(Path() + "-lock"));
  {
    const auto second = Open();
    ASSERT_TRUE(second.ok()) << second.message();
    EXPECT_NE(RefusedWrite("during").find("another tocsin has begun to use it"), std::string::npos);
  }
  EXPECT_EQ(WriteAfter(), 0);
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
