#include "tests/unit/evaluator/store_world.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdlib>

#include "base/check.h"
#include "evaluator/persist/sqlite_database.h"
#include "evaluator/persist/state_schema.h"
#include "tests/support/full_disk.h"
#include "tests/support/temp_dir.h"

namespace tocsin::evaluator {
namespace {

class FullDiskRefusal final : public Refusal {
  const testing::FullDisk full_;
};

class SqliteWorld final : public StoreWorld {
 public:
  Result<std::unique_ptr<StateStore>> Open(const Clock& clock, const Logger& log,
                                           MetricRegistry& metrics) override {
    return OpenSqliteStore(Name(), StoreRole::kDaemon, clock, log, metrics);
  }
  std::unique_ptr<Refusal> RefuseWrites() override { return std::make_unique<FullDiskRefusal>(); }
  std::string Name() const override { return dir_.path() + "/state.db"; }

  void MakeOld(std::size_t version) override {
    std::string sql;
    for (std::size_t step = 0; step < version; ++step) sql += SchemaSteps()[step].sqlite;
    Execute(sql + OldRows(version) + fmt::format("PRAGMA user_version = {};", version));
  }
  void SetVersion(std::size_t version) override {
    Execute(fmt::format("PRAGMA user_version = {};", version));
  }

 private:
  void Execute(const std::string& sql) {
    sqlite3* raw = nullptr;
    CHECK(sqlite3_open(Name().c_str(), &raw) == SQLITE_OK);
    CHECK(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(raw);
  }

  const testing::TempDir dir_;
};

}  // namespace

std::string OldRows(std::size_t version) {
  std::string sql;
  for (const OldTable& table : kOldTables) {
    if (version >= table.since)
      sql += fmt::format("INSERT INTO {} VALUES ('old', '1');", table.name);
  }
  if (version >= kEventsSince) {
    sql +=
        "INSERT INTO events (sequence, at, type, labels, body)"
        " VALUES (1, 1700000000000, 'a.old', '', '{}');";
  }
  return sql;
}

std::unique_ptr<StoreWorld> MakeSqliteWorld() { return std::make_unique<SqliteWorld>(); }

void StoreTest::SetUp() {
  if (GetParam() == DatabaseKind::kSqlite) {
    world_ = MakeSqliteWorld();
    return;
  }
  Result<std::unique_ptr<StoreWorld>> world = MakePostgresWorld();
  if (world) {
    world_ = *std::move(world);
  } else if (std::getenv("TOCSIN_REQUIRE_PEERS") != nullptr) {
    FAIL() << world.message();
  } else {
    GTEST_SKIP() << world.message();
  }
}

}  // namespace tocsin::evaluator
