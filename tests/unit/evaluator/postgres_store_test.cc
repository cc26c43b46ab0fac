// What is PostgreSQL's own: one daemon on one database, and what may befall a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <pqxx/connection>
#include <pqxx/transaction>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/postgres_url.h"
#include "evaluator/persist/postgres_database.h"
#include "evaluator/persist/postgres_sql.h"
#include "tests/unit/evaluator/postgres_world.h"

namespace tocsin::evaluator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Rows = std::vector<StateStore::Row>;

class PostgresStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = PostgresWorld::Make();
    if (world) {
      world_ = *std::move(world);
    } else if (std::getenv("TOCSIN_REQUIRE_PEERS") != nullptr) {
      FAIL() << world.message();
    } else {
      GTEST_SKIP() << world.message();
    }
  }

  // As one of several daemons would.
  Result<std::unique_ptr<StateStore>> TryOpen(StoreRole role = StoreRole::kDaemon) {
    registries_.push_back(std::make_unique<MetricRegistry>());
    return OpenPostgresStore(world_->settings(), role, clock_, Logger(log_, "store"),
                             *registries_.back());
  }
  std::unique_ptr<StateStore> Open(StoreRole role = StoreRole::kDaemon) {
    auto store = TryOpen(role);
    EXPECT_TRUE(store.ok()) << store.message();
    return *std::move(store);
  }
  static Status Put(StateStore& store, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(StateTable::kAlerts, key, value);
    Event event;
    event.type = "test." + key;
    batch.Record(std::move(event));
    std::promise<Status> done;
    store.Submit(std::move(batch), [&](const Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  static std::string TypesOf(const StateStore& store) {
    std::string types;
    for (const Event& event : *store.Events({})) {
      types += std::to_string(event.sequence) + event.type.substr(4) + " ";
    }
    return types;
  }
  bool HasLogged(const std::string& text) const {
    for (const std::string& line : log_.lines()) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::unique_ptr<PostgresWorld> world_;
  SystemClock clock_;
  testing::RecordingLogSink log_;
  std::vector<std::unique_ptr<MetricRegistry>> registries_;
};

// ---- one daemon

TEST_F(PostgresStoreTest, ASecondDaemonIsRefusedUntilTheFirstHasEnded) {
  auto first = Open();
  const auto second = TryOpen();
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.message(), HasSubstr(world_->Name()));
  EXPECT_THAT(second.message(), HasSubstr("in use by another tocsin"));
  EXPECT_TRUE(Put(*first, "a", "1").ok());
  first.reset();
  EXPECT_TRUE(TryOpen().ok());
}

TEST_F(PostgresStoreTest, ACommandWritesBesideTheDaemon) {
  auto daemon = Open();
  auto command = Open(StoreRole::kBeside);
  WriteBatch batch;
  batch.Put(StateTable::kApiKeys, "k", "1");
  std::promise<Status> done;
  command->Submit(std::move(batch), [&](const Status& status) { done.set_value(status); });
  ASSERT_TRUE(done.get_future().get().ok());
  EXPECT_EQ(*daemon->Scan(StateTable::kApiKeys), (Rows{{"k", "1"}}));
  EXPECT_TRUE(Put(*daemon, "a", "1").ok());
}

TEST_F(PostgresStoreTest, ALockThatWasLostWithItsConnectionIsTakenAgain) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  ASSERT_EQ(world_->CutOff("pg_try_advisory_lock"), 1);
  const Status written = Put(*store, "b", "2");
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_TRUE(HasLogged("holds the lock of the state database was lost"));
  EXPECT_FALSE(TryOpen().ok());
}

// The first one has not noticed yet when it writes next.
TEST_F(PostgresStoreTest, ADaemonWhoseDatabaseAnotherHasTakenWritesNothingAndSaysSo) {
  auto first = Open();
  ASSERT_TRUE(Put(*first, "a", "first").ok());
  // The first one may be sooner, and take its lock again.
  auto opened = TryOpen();
  while (!opened.ok()) {
    world_->CutOff();
    opened = TryOpen();
  }
  std::unique_ptr<StateStore> second = *std::move(opened);
  ASSERT_TRUE(Put(*second, "a", "second").ok());
  const Status refused = Put(*first, "a", "first again");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(*first->Trouble(), HasSubstr("another tocsin"));
  EXPECT_EQ(*second->Scan(StateTable::kAlerts), (Rows{{"a", "second"}}));
  // Nor when the other has ended: what it knows is old. Between two attempts it repeats the last
  // refusal.
  second.reset();
  do {
    ASSERT_FALSE(Put(*first, "a", "first again").ok());
  } while (first->Trouble()->find("start this one again") == std::string::npos);
  first.reset();
  auto third = Open();
  EXPECT_EQ(*third->Scan(StateTable::kAlerts), (Rows{{"a", "second"}}));
  EXPECT_EQ(TypesOf(*third), "1.a 2.a ");
}

// Only the connection with the lock was lost, and that of the writer goes on.
TEST_F(PostgresStoreTest, EachTransactionLooksWhoWrites) {
  auto first = Open();
  ASSERT_TRUE(Put(*first, "a", "first").ok());
  world_->Ask("UPDATE tocsin.program SET holder = 'another'");
  EXPECT_FALSE(Put(*first, "a", "first again").ok());
  EXPECT_EQ(*first->Scan(StateTable::kAlerts), (Rows{{"a", "first"}}));
  EXPECT_THAT(*first->Trouble(), HasSubstr("another tocsin"));
}

// ---- a server that goes and comes

TEST_F(PostgresStoreTest, CatchesUpAfterTheServerWasGone) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "before", "1").ok());
  world_->server().Stop();
  EXPECT_FALSE(Put(*store, "during", "2").ok());
  EXPECT_FALSE(Put(*store, "during", "3").ok());
  EXPECT_THAT(*store->Trouble(), HasSubstr(world_->Name()));
  EXPECT_FALSE(store->Scan(StateTable::kAlerts).ok());
  EXPECT_EQ(store->LastEvent(), 3U);
  world_->server().Start();
  const Status after = Put(*store, "after", "4");
  ASSERT_TRUE(after.ok()) << after.message();
  EXPECT_EQ(store->Trouble(), std::nullopt);
  store.reset();
  store = Open();
  EXPECT_EQ(*store->Scan(StateTable::kAlerts),
            (Rows{{"after", "4"}, {"before", "1"}, {"during", "3"}}));
  EXPECT_EQ(TypesOf(*store), "1.before 2.during 3.during 4.after ");
}

TEST_F(PostgresStoreTest, NothingIsLostWhenTheServerIsRestartedBetweenTwoCommits) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  world_->server().Stop();
  world_->server().Start();
  const Status written = Put(*store, "b", "2");
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(store->Scan(StateTable::kAlerts)->size(), 2U);
}

TEST_F(PostgresStoreTest, NoticesByItselfThatTheServerIsGoneAndThere) {
  auto store = Open();
  world_->server().Stop();
  while (!store->Trouble()) std::this_thread::yield();
  world_->server().Start();
  while (store->Trouble()) std::this_thread::yield();
  EXPECT_TRUE(Put(*store, "a", "1").ok());
}

TEST_F(PostgresStoreTest, AServerThatStandsStillHoldsACommitUpForSecondsOnly) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  world_->server().Freeze(true);
  EXPECT_FALSE(Put(*store, "b", "2").ok());
  world_->server().Freeze(false);
  // The commit that stood still may have been made: its event is not there twice.
  const Status written = Put(*store, "c", "3");
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(TypesOf(*store), "1.a 2.b 3.c ");
}

TEST_F(PostgresStoreTest, ALockedTableIsTroubleUntilItIsFree) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  const config::PostgresSettings other =
      *config::ReadPostgresUrl(world_->server().UrlOf("control", world_->database()));
  pqxx::connection connection(other.conninfo.Reveal());
  pqxx::work holder(connection);
  holder.exec("LOCK TABLE tocsin.alerts IN EXCLUSIVE MODE");
  const Status refused = Put(*store, "b", "2");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("lock timeout"));
  EXPECT_THAT(refused.message(), Not(HasSubstr("INSERT")));
  EXPECT_EQ(store->Scan(StateTable::kAlerts)->size(), 1U);  // reading goes on
  holder.abort();
  EXPECT_TRUE(Put(*store, "c", "3").ok());
  EXPECT_EQ(TypesOf(*store), "1.a 2.b 3.c ");
}

// The connection breaks while the server commits: the events come again, and are there already.
TEST_F(PostgresStoreTest, EventsThatWereCommittedBeforeTheAnswerWasLostAreNotThereTwice) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "1").ok());
  world_->Ask("INSERT INTO tocsin.events VALUES (2, 0, 'test.b', NULL, NULL, NULL, '', '{}')");
  EXPECT_TRUE(Put(*store, "b", "2").ok());
  EXPECT_EQ(TypesOf(*store), "1.a 2.b ");
}

// ---- refusals

TEST_F(PostgresStoreTest, WhatCannotBeOpenedIsRefusedByNameAndWithoutItsPassword) {
  const std::string good = world_->server().UrlOf("tocsin:hunter2", world_->database());
  const std::pair<std::string, std::string> cases[] = {
      {world_->server().UrlOf("tocsin:hunter2", "absent"), "database \"absent\" does not exist"},
      {world_->server().UrlOf("nobody:hunter2", world_->database()),
       "role \"nobody\" does not exist"},
      {"u:hunter2@127.0.0.1:1/db", "Connection refused"},
      {"u:hunter2@host.invalid/db", "could not translate host name"},
      {good + "&sslmode=hunter2", "sslmode"},
      {good + "&hunter2x=1", "cannot be read"},
  };
  for (const auto& [url, why] : cases) {
    const auto settings = config::ReadPostgresUrl(url);
    if (!settings) {
      EXPECT_THAT(settings.message(), Not(HasSubstr("hunter2")));
      continue;
    }
    MetricRegistry registry;
    const auto store =
        OpenPostgresStore(*settings, StoreRole::kDaemon, clock_, Logger(log_, "store"), registry);
    ASSERT_FALSE(store.ok()) << url;
    EXPECT_THAT(store.message(), HasSubstr(why));
    EXPECT_THAT(store.message(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(store.message(), HasSubstr("cannot open the state database postgresql://"));
  }
}

TEST_F(PostgresStoreTest, AUserWhoMayMakeNoSchemaUsesOneThatWasMadeForIt) {
  world_->Ask("REVOKE ALL ON DATABASE " + world_->database() + " FROM PUBLIC; ALTER DATABASE " +
              world_->database() + " OWNER TO control; GRANT CONNECT ON DATABASE " +
              world_->database() + " TO tocsin");
  const auto refused = TryOpen();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("permission denied for database"));
  world_->Ask("CREATE SCHEMA tocsin AUTHORIZATION tocsin");
  EXPECT_TRUE(Put(*Open(), "a", "1").ok());
}

// ---- statements

TEST(PostgresSql, WhatIsGivenStandsInHexadecimalOnly) {
  EventQuery query;
  query.alert_id = "a'; DROP TABLE events; --";
  query.types = {"x'y."};
  const std::string sql = *EventStatement(query);
  EXPECT_THAT(sql, HasSubstr("alert_id = '\\x61273b"));
  EXPECT_THAT(sql, HasSubstr("type >= '\\x7827792e' AND type < '\\x7827792f'"));
  EXPECT_THAT(sql, Not(HasSubstr("DROP")));
}

TEST(PostgresSql, LongLinesOfRowsAreSeveralStatements) {
  const std::string value(1 << 20, 'x');
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(std::to_string(i));
  std::vector<StoreWrite> writes;
  for (const std::string& key : keys) writes.push_back({StateTable::kAlerts, key, &value});
  const PostgresStatements statements = CommitStatements(writes, {});
  EXPECT_EQ(statements.size(), 5U);  // two rows make 4 MiB in hexadecimal
  for (const std::string& statement : statements) {
    EXPECT_TRUE(statement.starts_with("INSERT INTO alerts "));
    EXPECT_TRUE(statement.ends_with("excluded.value;"));
  }
  EXPECT_TRUE(CommitStatements({}, {}).empty());
}

}  // namespace
}  // namespace tocsin::evaluator
