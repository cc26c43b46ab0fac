#include "evaluator/persist/postgres_database.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "evaluator/persist/durable_store.h"
#include "evaluator/persist/forgetting.h"
#include "evaluator/persist/postgres_connection.h"
#include "evaluator/persist/postgres_library.h"
#include "evaluator/persist/postgres_pool.h"
#include "evaluator/persist/postgres_sql.h"
#include "evaluator/persist/state_schema.h"

namespace tocsin::evaluator {
namespace {

constexpr std::string_view kOpeningDatabase = "cannot open the state database";
constexpr std::string_view kReadingDatabase = "cannot read the state database";
constexpr std::string_view kWritingDatabase = "cannot write to the state database";
constexpr std::string_view kUpgradingDatabase = "cannot bring up to date the state database";

// Locks are numbers, and every program on a database shares them: "tocsin" in ASCII, and one more.
constexpr std::int64_t kDaemonLock = 0x746f6373696e;
constexpr std::int64_t kSchemaLock = kDaemonLock + 1;
// A step may have to rewrite a table.
constexpr std::chrono::hours kLongestStep{1};
// How soon it is noticed that the lock is lost where nothing is written, and how soon it is tried
// again.
constexpr Duration kLookInterval = std::chrono::seconds(5);
constexpr Duration kRetakeInterval = std::chrono::seconds(1);

using Connection = std::unique_ptr<PostgresConnection>;
using Statements = PostgresStatements;

Result<std::int64_t> AskNumber(PostgresConnection& connection, const std::string& sql,
                               std::string_view doing) {
  std::int64_t number = 0;
  const Status asked =
      connection.Ask(sql, doing, [&number](const PostgresRow& row) { number = row.Number(0); });
  if (!asked) return asked.error();
  return number;
}

// ---- the schema

// The table "program" has one row: the version of the schema, and who writes.
Status MakeSchema(PostgresConnection& connection) {
  // Whoever made the schema for us may not have let us make any.
  const Result<std::int64_t> known = AskNumber(
      connection, "SELECT count(*) FROM pg_namespace WHERE nspname = 'tocsin'", kUpgradingDatabase);
  if (!known) return known.error();
  const Statements statements = {
      *known == 0 ? "CREATE SCHEMA tocsin" : "SELECT 1",
      "CREATE TABLE tocsin.program (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),"
      " schema_version INTEGER NOT NULL, holder TEXT NOT NULL);"
      "INSERT INTO tocsin.program VALUES (1, 0, '')"};
  return connection.Run({statements, nullptr, nullptr}, kUpgradingDatabase,
                        PostgresConnection::kExchange);
}

Status MakeSteps(PostgresConnection& connection, const config::PostgresSettings& settings) {
  Result<std::int64_t> made =
      AskNumber(connection, "SELECT count(to_regclass('tocsin.program'))", kUpgradingDatabase);
  if (!made) return made.error();
  if (*made == 0) {
    if (Status schema = MakeSchema(connection); !schema) return schema;
  }
  const Result<std::int64_t> version =
      AskNumber(connection, "SELECT schema_version FROM program", kUpgradingDatabase);
  if (!version) return version.error();
  const std::vector<SchemaStep> steps = SchemaSteps();
  if (*version > static_cast<std::int64_t>(steps.size())) {
    return Error{
        fmt::format("cannot use the state database {}: its schema version {} is newer than this "
                    "program's {}; use the program that wrote it, or name another database in "
                    "DATABASE_URL",
                    settings.shown, *version, steps.size())};
  }
  for (auto step = static_cast<std::size_t>(*version); step < steps.size(); ++step) {
    const Statements statements = {"SET LOCAL statement_timeout = 0", steps[step].postgres,
                                   fmt::format("UPDATE program SET schema_version = {}", step + 1)};
    Status done = connection.Run({statements, nullptr, nullptr}, kUpgradingDatabase, kLongestStep);
    if (!done) return done;
  }
  return {};
}

// Commands do it, too: one at a time.
Status UpgradeSchema(PostgresConnection& connection, const config::PostgresSettings& settings) {
  const auto lock = [&connection](const char* function) {
    return connection.Ask(fmt::format("SELECT {}({})", function, kSchemaLock), kUpgradingDatabase,
                          nullptr);
  };
  if (Status locked = lock("pg_advisory_lock"); !locked) return locked;
  if (Status made = MakeSteps(connection, settings); !made) return made;
  return lock("pg_advisory_unlock");
}

// ---- the database

class PostgresDatabase final : public StoreDatabase {
 public:
  PostgresDatabase(const config::PostgresSettings& settings, StoreRole role, const Clock& clock,
                   const Logger& log)
      : settings_(settings), role_(role), clock_(clock), log_(log), watch_(clock) {}

  // Once, before all else.
  Status Open();
  Result<std::uint64_t> NewestEvent();

  Status Commit(std::span<const StoreWrite> writes, std::span<const Event> events) override;
  Result<std::vector<Row>> Scan(StateTable table) const override;
  Result<std::vector<Row>> ScanPart(StateTable table, const StateStore::Part& part) const override;
  Result<std::vector<Event>> ReadEvents(const EventQuery& query) const override;
  Result<bool> Prune(Timestamp from, std::size_t keep_most, std::size_t most) override;
  Tended Tend(bool idle) override;

 private:
  Result<std::vector<Row>> Select(const std::string& sql) const;
  // Connections and lock are there, as far as can be seen without asking the server.
  Status MakeReady();
  Status Connect();
  Status HoldLock();
  Result<bool> TryLock(PostgresConnection& connection) const;
  Status LookForOthers(PostgresConnection& connection);
  Status Write(Statements statements);
  Error Superseded();

  const config::PostgresSettings settings_;
  const StoreRole role_;
  const Clock& clock_;
  const Logger log_;
  const std::string name_ = RandomUuid();

  ExchangeWatch watch_;                                      // synchronises itself
  mutable PostgresPool readers_{settings_, watch_, clock_};  // synchronises itself

  // The writer thread's own.
  Connection lock_;
  Connection writer_;
  bool is_superseded_ = false;
  Status last_;  // of the last attempt
  std::chrono::nanoseconds not_before_ = std::chrono::nanoseconds::min();
};

Status PostgresDatabase::Open() {
  if (role_ == StoreRole::kDaemon) {
    Result<Connection> connection = PostgresConnection::Open(settings_, watch_);
    if (!connection) return connection.error();
    const Result<bool> locked = TryLock(**connection);
    if (!locked) return locked.error();
    // That of a daemon that has just ended goes a moment after it.
    if (!*locked && !(*connection)
                         ->Ask(fmt::format("SELECT pg_advisory_lock({})", kDaemonLock),
                               kOpeningDatabase, nullptr)
                         .ok()) {
      return Error{
          fmt::format("the state database {} is in use by another tocsin; stop that one, or name "
                      "another database in DATABASE_URL",
                      settings_.shown)};
    }
    lock_ = *std::move(connection);
  }
  Result<Connection> connection = PostgresConnection::Open(settings_, watch_);
  if (!connection) return connection.error();
  writer_ = *std::move(connection);
  if (Status upgraded = UpgradeSchema(*writer_, settings_); !upgraded) return upgraded;
  if (role_ == StoreRole::kBeside) return {};
  // Waits for a transaction of a daemon that has lost its lock.
  const Statements statements = {fmt::format("UPDATE program SET holder = '{}'", name_)};
  return writer_->Run({statements, nullptr, nullptr}, kOpeningDatabase,
                      PostgresConnection::kExchange);
}

Result<std::uint64_t> PostgresDatabase::NewestEvent() {
  const Result<std::int64_t> newest =
      AskNumber(*writer_, "SELECT max(sequence) FROM events", kReadingDatabase);
  if (!newest) return newest.error();
  return static_cast<std::uint64_t>(*newest);
}

Result<bool> PostgresDatabase::TryLock(PostgresConnection& connection) const {
  std::string answer;
  const Status asked =
      connection.Ask(fmt::format("SELECT pg_try_advisory_lock({})", kDaemonLock), kOpeningDatabase,
                     [&answer](const PostgresRow& row) { answer = row.Text(0); });
  if (!asked) return asked.error();
  return answer == "t";
}

// ---- connections and lock

Error PostgresDatabase::Superseded() {
  is_superseded_ = true;
  return PostgresFailure(settings_, kWritingDatabase,
                         "another tocsin has begun to write to it since this one lost its "
                         "connection; stop one of them, and start this one again if it stays");
}

// A server that lets us wait for its refusal is asked half of the time only: whoever writes then
// hears of the last refusal at once.
Status PostgresDatabase::MakeReady() {
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  if (!last_.ok() && begin < not_before_) return last_;
  last_ = is_superseded_ ? Status(Superseded()) : Connect();
  const std::chrono::nanoseconds end = clock_.Monotonic();
  if (!last_.ok()) not_before_ = end + (end - begin);
  return last_;
}

Status PostgresDatabase::Connect() {
  if (role_ == StoreRole::kDaemon) {
    if (Status held = HoldLock(); !held) return held;
  }
  // What has come unasked is a farewell, mostly.
  if (writer_ != nullptr && !writer_->is_quiet() &&
      !writer_->Ask("SELECT 1", kWritingDatabase, nullptr).ok()) {
    writer_.reset();
  }
  if (writer_ != nullptr && writer_->is_open()) return {};
  writer_.reset();
  Result<Connection> connection = PostgresConnection::Open(settings_, watch_);
  if (!connection) return connection.error();
  writer_ = *std::move(connection);
  return {};
}

Status PostgresDatabase::HoldLock() {
  if (lock_ != nullptr &&
      (lock_->is_quiet() || lock_->Ask("SELECT 1", kWritingDatabase, nullptr).ok()) &&
      lock_->is_open()) {
    return {};
  }
  lock_.reset();
  Result<Connection> connection = PostgresConnection::Open(settings_, watch_);
  if (!connection) return connection.error();
  const Result<bool> locked = TryLock(**connection);
  if (!locked) return locked.error();
  if (!*locked) {
    return PostgresFailure(settings_, kWritingDatabase,
                           "the connection was lost, and another tocsin has taken the database; "
                           "stop one of them");
  }
  if (Status alone = LookForOthers(**connection); !alone) return alone;
  lock_ = *std::move(connection);
  log_.Info(
      "the connection that holds the lock of the state database was lost, and is there again");
  return {};
}

Status PostgresDatabase::LookForOthers(PostgresConnection& connection) {
  std::string holder;
  Status asked = connection.Ask("SELECT holder FROM program", kWritingDatabase,
                                [&holder](const PostgresRow& row) { holder = row.Text(0); });
  if (!asked) return asked;
  if (holder != name_) return Superseded();
  return {};
}

StoreDatabase::Tended PostgresDatabase::Tend(bool idle) {
  if (role_ == StoreRole::kBeside) return {};
  const Status status = idle ? MakeReady() : last_;
  return {status, status.ok() ? kLookInterval : kRetakeInterval};
}

// ---- writing

Status PostgresDatabase::Write(Statements statements) {
  if (Status ready = MakeReady(); !ready) return ready;
  PostgresConnection::Transaction transaction;
  bool is_holder = false;
  bool is_other = false;
  if (role_ == StoreRole::kDaemon) {
    // Nobody becomes the holder before the commit.
    statements.push_back(fmt::format("SELECT 1 FROM program WHERE holder = '{}' FOR SHARE", name_));
    transaction.visit = [&is_holder](const PostgresRow&) { is_holder = true; };
    transaction.may_commit = [&is_holder, &is_other] {
      is_other = !is_holder;
      return is_holder;
    };
  }
  transaction.statements = statements;
  last_ = writer_->Run(transaction, kWritingDatabase, PostgresConnection::kExchange);
  if (is_other) last_ = Superseded();
  if (!writer_->is_open()) writer_.reset();
  return last_;
}

Status PostgresDatabase::Commit(std::span<const StoreWrite> writes, std::span<const Event> events) {
  return Write(CommitStatements(writes, events));
}

Result<bool> PostgresDatabase::Prune(Timestamp from, std::size_t keep_most, std::size_t most) {
  if (Status ready = MakeReady(); !ready) return ready.error();
  const Result<std::uint64_t> newest = NewestEvent();
  if (!newest) return newest.error();
  Forgetting forgetting(from, keep_most, *newest);
  bool goes_on = true;
  const Status read =
      writer_->Ask(fmt::format("SELECT sequence, at FROM events ORDER BY sequence LIMIT {}", most),
                   kReadingDatabase, [&forgetting, &goes_on](const PostgresRow& row) {
                     goes_on = goes_on && forgetting.Take(static_cast<std::uint64_t>(row.Number(0)),
                                                          FromUnixMillis(row.Number(1)));
                   });
  if (!read) return read.error();
  if (forgetting.count() == 0) return false;
  const Status done =
      Write({fmt::format("DELETE FROM events WHERE sequence <= {};", forgetting.last())});
  if (!done) return done.error();
  return forgetting.count() == most;
}

// ---- reading

Result<std::vector<StateStore::Row>> PostgresDatabase::Select(const std::string& sql) const {
  std::vector<Row> rows;
  const Status asked = readers_.Ask(sql, kReadingDatabase, [&rows](const PostgresRow& row) {
    rows.emplace_back(row.Bytes(0), row.Bytes(1));
  });
  if (!asked) return asked.error();
  return rows;
}

Result<std::vector<StateStore::Row>> PostgresDatabase::Scan(StateTable table) const {
  return Select(ScanStatement(table, nullptr));
}

Result<std::vector<StateStore::Row>> PostgresDatabase::ScanPart(
    StateTable table, const StateStore::Part& part) const {
  return Select(ScanStatement(table, &part));
}

Result<std::vector<Event>> PostgresDatabase::ReadEvents(const EventQuery& query) const {
  std::vector<Event> events;
  const std::optional<std::string> sql = EventStatement(query);
  if (!sql) return events;
  const Status asked = readers_.Ask(*sql, kReadingDatabase, [&events](const PostgresRow& row) {
    Event event;
    event.sequence = static_cast<std::uint64_t>(row.Number(0));
    event.at = FromUnixMillis(row.Number(1));
    event.type = row.Bytes(2);
    event.alert_id = row.Bytes(3);
    event.rule_id = row.Bytes(4);
    event.receiver = row.Bytes(5);
    event.labels = Labels(LabelsView::FromBytes(row.Bytes(6)));
    event.body = row.Bytes(7);
    events.push_back(std::move(event));
  });
  if (!asked) return asked.error();
  return events;
}

}  // namespace

bool HasPostgres() { return true; }

Result<std::unique_ptr<StateStore>> OpenPostgresStore(const config::PostgresSettings& settings,
                                                      StoreRole role, const Clock& clock,
                                                      const Logger& log, MetricRegistry& metrics) {
  if (Status loaded = LoadLibpq(); !loaded) {
    return PostgresFailure(settings, kOpeningDatabase, loaded.message());
  }
  auto database = std::make_unique<PostgresDatabase>(settings, role, clock, log);
  if (Status opened = database->Open(); !opened) return opened.error();
  const Result<std::uint64_t> newest = database->NewestEvent();
  if (!newest) return newest.error();
  return std::unique_ptr<StateStore>(
      std::make_unique<DurableStore>(std::move(database), *newest, clock, log, metrics));
}

}  // namespace tocsin::evaluator
