// What the tests of the state store run over: an empty database of either kind, and what may befall
// it.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/state_store.h"
#include "evaluator/persist/state_schema.h"
#include "tests/support/null_log.h"

namespace tocsin::evaluator {

// While it lives, the database refuses writes, and can be read.
class Refusal {
 public:
  virtual ~Refusal() = default;
};

// The tables of key and value, and the version of the schema since which each is there.
struct OldTable {
  const char* name;
  StateTable table;
  std::size_t since;
};
inline constexpr OldTable kOldTables[] = {
    {"alerts", StateTable::kAlerts, 1},
    {"holds", StateTable::kHolds, 1},
    {"announcements", StateTable::kAnnouncements, 1},
    {"outbox", StateTable::kOutbox, 1},
    {"pushed_groups", StateTable::kPushedGroups, 1},
    {"silences", StateTable::kSilences, 2},
    {"notification_log", StateTable::kNotificationLog, 2},
    {"posted_alerts", StateTable::kPostedAlerts, 3},
    {"acknowledgements", StateTable::kAcknowledgements, 5},
    {"api_keys", StateTable::kApiKeys, 7},
    {"audit", StateTable::kAudit, 7},
    {"managed_rules", StateTable::kManagedRules, 7},
    {"managed_receivers", StateTable::kManagedReceivers, 7},
    {"idempotency_keys", StateTable::kIdempotencyKeys, 7},
    {"alert_comments", StateTable::kAlertComments, 10},
};
static_assert(std::size(kOldTables) == std::size(kStateTables));
inline constexpr std::size_t kEventsSince = 8;
// SQL for either kind: a row "old" of the value "1" in each, and the event 1 of the type "a.old".
std::string OldRows(std::size_t version);

class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  // The same database each time.
  virtual Result<std::unique_ptr<StateStore>> Open(const Clock& clock, const Logger& log,
                                                   MetricRegistry& metrics) = 0;
  virtual std::unique_ptr<Refusal> RefuseWrites() = 0;
  // As messages name it.
  virtual std::string Name() const = 0;

  // Before the first Open: what the program of that version of the schema has left, with OldRows.
  virtual void MakeOld(std::size_t version) = 0;
  // After an Open: as a program of that version has left it.
  virtual void SetVersion(std::size_t version) = 0;
};

enum class DatabaseKind : std::uint8_t { kSqlite, kPostgres };

std::unique_ptr<StoreWorld> MakeSqliteWorld();
// The message says what is absent.
Result<std::unique_ptr<StoreWorld>> MakePostgresWorld();

// Prints SQLite or PostgreSQL behind the name of a test.
inline std::string KindName(const ::testing::TestParamInfo<DatabaseKind>& kind) {
  return kind.param == DatabaseKind::kSqlite ? "Sqlite" : "Postgres";
}
#define TOCSIN_OVER_EVERY_DATABASE(suite) \
  INSTANTIATE_TEST_SUITE_P(               \
      Over, suite, ::testing::Values(DatabaseKind::kSqlite, DatabaseKind::kPostgres), KindName)

// Base of the fixtures.
class StoreTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override;

  Result<std::unique_ptr<StateStore>> TryOpen() {
    registry_ = std::make_unique<MetricRegistry>();
    return world_->Open(clock_, Logger(log_, "store"), *registry_);
  }
  std::unique_ptr<StateStore> Open() {
    auto store = TryOpen();
    EXPECT_TRUE(store.ok()) << store.message();
    return *std::move(store);
  }

  // Waits until a batch is durable or has failed.
  static Status Commit(StateStore& store, WriteBatch batch) {
    std::promise<Status> done;
    store.Submit(std::move(batch), [&](const Status& status) { done.set_value(status); });
    return done.get_future().get();
  }

  std::unique_ptr<StoreWorld> world_;
  SystemClock clock_;
  testing::RecordingLogSink log_;
  std::unique_ptr<MetricRegistry> registry_;
};

}  // namespace tocsin::evaluator
