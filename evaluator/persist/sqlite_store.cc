#include "evaluator/persist/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>

namespace tocsin::evaluator {
namespace {

constexpr Duration kRetryInterval = std::chrono::seconds(1);
// Pages in the WAL (4 KiB each) from which an idle moment is used for a checkpoint, and from which
// one is made even under load.
constexpr int kIdleCheckpointPages = 250;
constexpr Duration kIdleAfter = std::chrono::milliseconds(200);
constexpr int kForcedCheckpointPages = 1'000;
// As much as is written between two checkpoints, and a little more.
constexpr int kReservedLogBytes = (kForcedCheckpointPages + 100) * 4096;
// How long writes whose commit nobody waits for stay, so that they share one with writes that
// somebody waits for. An alert's state comes without a callback, what is announced of it a moment
// later with one: together they cost the alert one fdatasync instead of two.
constexpr Duration kShareCommit = std::chrono::milliseconds(1);
// Beyond this many waiting writes they are folded by key, so that a disk that hangs costs bounded
// memory.
constexpr std::size_t kMaxWaiting = 10'000;

constexpr std::array<StateTable, 9> kTables = {
    StateTable::kAlerts,          StateTable::kHolds,        StateTable::kAnnouncements,
    StateTable::kOutbox,          StateTable::kPushedGroups, StateTable::kSilences,
    StateTable::kNotificationLog, StateTable::kPostedAlerts, StateTable::kAcknowledgements};

// Step n brings schema version n to n + 1. Never change a step that has shipped; add one.
std::vector<std::string> Migrations() {
  const auto make_tables = [](std::initializer_list<const char*> names) {
    std::string sql;
    for (const char* name : names) {
      sql += fmt::format("CREATE TABLE {} (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);",
                         name);
    }
    return sql;
  };
  return {make_tables({"alerts", "holds", "announcements", "outbox", "pushed_groups"}),
          make_tables({"silences", "notification_log"}), make_tables({"posted_alerts"}),
          // Rows of the outbox became messages of groups; what earlier builds left of single alerts
          // can be told by nobody, and what fires is told anew.
          "DELETE FROM outbox; DELETE FROM announcements WHERE key LIKE 'episode/%';",
          make_tables({"acknowledgements"}),
          // One tree where there were two, for the table that takes the most writes: its keys come
          // in their order.
          "CREATE TABLE posted (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
          "INSERT INTO posted SELECT key, value FROM posted_alerts;"
          "DROP TABLE posted_alerts; ALTER TABLE posted RENAME TO posted_alerts;"};
}

}  // namespace

// The connection and its statements. Every SQLite call of the program is made here.
struct SqliteStore::Database {
  ~Database() {
    for (auto& [table, statements] : puts) sqlite3_finalize(statements);
    for (auto& [table, statements] : deletes) sqlite3_finalize(statements);
    sqlite3_close(handle);
  }

  Error Failure(std::string_view doing) const {
    return Error{fmt::format("{} {}: {} (SQLite error {})", doing, path, sqlite3_errmsg(handle),
                             sqlite3_extended_errcode(handle))};
  }

  Status Execute(const std::string& sql, std::string_view doing) {
    if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return Status();
    return Failure(doing);
  }

  Result<int> UserVersion() {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, nullptr) != SQLITE_OK) {
      return Failure("cannot read the state database");
    }
    int version = -1;
    if (sqlite3_step(statement) == SQLITE_ROW) version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (version < 0) return Failure("cannot read the state database");
    return version;
  }

  Status Migrate() {
    const std::vector<std::string> migrations = Migrations();
    const Result<int> version = UserVersion();
    if (!version) return version.error();
    if (*version > static_cast<int>(migrations.size())) {
      return Error{
          fmt::format("cannot use the state database {}: its schema version {} is newer than this "
                      "program's {}; "
                      "use the program that wrote it, or another --storage.path",
                      path, *version, migrations.size())};
    }
    for (std::size_t step = static_cast<std::size_t>(*version); step < migrations.size(); ++step) {
      const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                          migrations[step], step + 1);
      if (Status done = Execute(sql, "cannot bring up to date the state database"); !done.ok()) {
        return done;
      }
    }
    return Status();
  }

  Status Prepare() {
    for (StateTable table : kTables) {
      const std::string_view name = StateTableName(table);
      const std::string put = fmt::format(
          "INSERT INTO {} (key, value) VALUES (?1, ?2) "
          "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          name);
      const std::string del = fmt::format("DELETE FROM {} WHERE key = ?1", name);
      if (sqlite3_prepare_v2(handle, put.c_str(), -1, &puts[table], nullptr) != SQLITE_OK ||
          sqlite3_prepare_v2(handle, del.c_str(), -1, &deletes[table], nullptr) != SQLITE_OK) {
        return Failure("cannot prepare the state database");
      }
    }
    return Status();
  }

  // Lets the log have its size before the first commit: a commit that overwrites costs half of one
  // that lengthens the file (measured: 0.2 ms against 0.4 ms). Rolled back, so nothing of it is
  // kept; a small cache makes SQLite write it out all the same. Only speed depends on it: where the
  // disk has no room, the first real write will tell.
  Status ReserveLog() {
    const std::string reserve = fmt::format(
        "PRAGMA cache_size = -64; BEGIN IMMEDIATE; CREATE TABLE reserved (bytes);"
        "INSERT INTO reserved VALUES (zeroblob({})); ROLLBACK;",
        kReservedLogBytes);
    if (!Execute(reserve, "").ok() && sqlite3_get_autocommit(handle) == 0) {
      if (Status back = Execute("ROLLBACK", "cannot undo a write"); !back.ok()) return back;
    }
    sqlite3_file* log = nullptr;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
    if (log != nullptr && log->pMethods != nullptr) log->pMethods->xSync(log, SQLITE_SYNC_DATAONLY);
    return Execute("PRAGMA cache_size = -1024", "cannot configure the state database");
  }

  bool Step(sqlite3_stmt* statement, const std::string& key, const std::string* value) {
    sqlite3_bind_text64(statement, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
    if (value != nullptr) {
      sqlite3_bind_text64(statement, 2, value->data(), value->size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    const int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
  }

  bool Apply(StateTable table, const std::string& key, const std::optional<std::string>& value) {
    return value ? Step(puts[table], key, &*value) : Step(deletes[table], key, nullptr);
  }

  // All or nothing, durable on success.
  template <typename ApplyAll>
  Status Transaction(ApplyAll apply_all) {
    if (Status begun = Execute("BEGIN IMMEDIATE", "cannot write to the state database");
        !begun.ok()) {
      return begun;
    }
    if (apply_all() && sqlite3_exec(handle, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK) {
      return Status();
    }
    Error failure = Failure("cannot write to the state database");
    // Some errors (a full disk) have rolled back already; then this says so, which is fine.
    sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
    return failure;
  }

  void Checkpoint() {
    sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    wal_pages = 0;
  }

  std::string path;
  sqlite3* handle = nullptr;
  int wal_pages = 0;  // since the last checkpoint; told by the WAL hook
  std::map<StateTable, sqlite3_stmt*> puts;
  std::map<StateTable, sqlite3_stmt*> deletes;
};

struct SqliteStore::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : healthy(GaugeFamily(registry, "tocsin_store_healthy",
                            "1 while state can be written, 0 while it cannot.")
                    .Add({})),
        failures(CounterFamily(registry, "tocsin_store_commit_failures_total",
                               "Commits of state that failed.")
                     .Add({})),
        commit_seconds(
            HistogramFamily(registry, "tocsin_store_commit_duration_seconds",
                            "Time to make a group of writes durable.")
                .Add({}, prometheus::Histogram::BucketBoundaries{
                             0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1})) {
    healthy.Set(1);
  }
  prometheus::Gauge& healthy;
  prometheus::Counter& failures;
  prometheus::Histogram& commit_seconds;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, const Clock& clock,
                                                       const Logger& log, MetricRegistry& metrics) {
  auto database = std::make_unique<Database>();
  database->path = path;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &database->handle, kFlags, nullptr) != SQLITE_OK) {
    return database->Failure("cannot open the state database");
  }
  sqlite3_extended_result_codes(database->handle, 1);
  const Status configured = database->Execute(
      "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;",
      "cannot open the state database");
  if (!configured.ok()) return configured.error();
  // SQLite opens a file it may not write as a read-only one, and every commit would fail.
  if (sqlite3_db_readonly(database->handle, "main") == 1) {
    return Error{"cannot open the state database: " + path + " is read-only for this user"};
  }
  // Also turns SQLite's own checkpoints off: they would run inside a commit.
  sqlite3_wal_hook(
      database->handle,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Database*>(self)->wal_pages = pages;
        return SQLITE_OK;
      },
      database.get());
  if (Status migrated = database->Migrate(); !migrated.ok()) return migrated.error();
  if (Status prepared = database->Prepare(); !prepared.ok()) return prepared.error();
  if (Status reserved = database->ReserveLog(); !reserved.ok()) return reserved.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(database), clock, log, metrics));
}

SqliteStore::SqliteStore(std::unique_ptr<Database> database, const Clock& clock, const Logger& log,
                         MetricRegistry& metrics)
    : clock_(clock),
      log_(log),
      metrics_(std::make_unique<Metrics>(metrics)),
      database_(std::move(database)),
      writer_([this] { Run(); }) {}

SqliteStore::~SqliteStore() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  writer_.join();
}

void SqliteStore::Submit(WriteBatch batch, Committed committed) {
  bool wake = false;
  {
    MutexLock lock(mu_);
    wake = waiting_.empty() || committed != nullptr;
    waiting_.push_back({std::move(batch), std::move(committed)});
    if (waiting_.size() > kMaxWaiting) FoldWaiting();
  }
  if (wake) changed_.NotifyAll();
}

void SqliteStore::FoldWaiting() {
  std::map<Key, std::optional<std::string>> newest;
  std::vector<Committed> callbacks;
  for (Waiting& waiting : waiting_) {
    for (const WriteBatch::Operation& op : waiting.batch.operations()) {
      newest[{op.table, op.key}] = op.value;
    }
    if (waiting.committed) callbacks.push_back(std::move(waiting.committed));
  }
  WriteBatch folded;
  for (auto& [key, value] : newest) {
    if (value) {
      folded.Put(key.first, key.second, std::move(*value));
    } else {
      folded.Delete(key.first, key.second);
    }
  }
  waiting_.clear();
  waiting_.push_back({std::move(folded), [callbacks = std::move(callbacks)](const Status& status) {
                        for (const Committed& committed : callbacks) committed(status);
                      }});
}

bool SqliteStore::AwaitedByAnyone(const std::vector<Waiting>& waiting) {
  return waiting.empty() || std::any_of(waiting.begin(), waiting.end(), [](const Waiting& one) {
           return one.committed != nullptr;
         });
}

std::vector<SqliteStore::Waiting> SqliteStore::TakeWaiting(bool* stop) {
  MutexLock lock(mu_);
  if (waiting_.empty() && !stopping_) {
    if (!failed_.empty()) {
      changed_.WaitUntil(mu_, clock_.Now() + kRetryInterval);
    } else if (checkpoint_due_) {
      changed_.WaitUntil(mu_, clock_.Now() + kIdleAfter);
    } else {
      changed_.Wait(mu_);
    }
  }
  if (!stopping_ && !AwaitedByAnyone(waiting_)) changed_.WaitFor(mu_, kShareCommit);
  *stop = stopping_;
  return std::exchange(waiting_, {});
}

void SqliteStore::Run() {
  while (true) {
    bool stop = false;
    std::vector<Waiting> waiting = TakeWaiting(&stop);
    const bool idle = waiting.empty();
    if (RetryFailed() && !idle) {
      Write(waiting);
    } else if (!idle) {
      // The disk still refuses: these queue up behind what it refused before.
      Keep(waiting, Error{Trouble().value_or("the state database cannot be written")});
    }
    CheckpointIfDue(idle);
    if (stop && idle) return;
  }
}

void SqliteStore::Write(const std::vector<Waiting>& waiting) {
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  Status status;
  {
    MutexLock lock(database_mu_);
    Database& database = *database_;
    status = database.Transaction([&database, &waiting] {
      for (const Waiting& one : waiting) {
        for (const WriteBatch::Operation& op : one.batch.operations()) {
          if (!database.Apply(op.table, op.key, op.value)) return false;
        }
      }
      return true;
    });
  }
  metrics_->commit_seconds.Observe(
      std::chrono::duration<double>(clock_.Monotonic() - begin).count());
  if (!status.ok()) {
    metrics_->failures.Increment();
    SetTrouble(status.message());
    return Keep(waiting, status.error());
  }
  for (const Waiting& one : waiting) {
    if (one.committed) one.committed(status);
  }
}

void SqliteStore::Keep(const std::vector<Waiting>& waiting, const Error& why) {
  for (const Waiting& one : waiting) {
    for (const WriteBatch::Operation& op : one.batch.operations()) {
      failed_[{op.table, op.key}] = op.value;
    }
  }
  for (const Waiting& one : waiting) {
    if (one.committed) one.committed(why);
  }
}

bool SqliteStore::RetryFailed() {
  if (failed_.empty()) return true;
  Status status;
  {
    MutexLock lock(database_mu_);
    Database& database = *database_;
    status = database.Transaction([this, &database] {
      for (const auto& [key, value] : failed_) {
        if (!database.Apply(key.first, key.second, value)) return false;
      }
      return true;
    });
  }
  if (!status.ok()) {
    metrics_->failures.Increment();
    SetTrouble(status.message());
    return false;
  }
  failed_.clear();
  SetTrouble(std::nullopt);
  return true;
}

void SqliteStore::CheckpointIfDue(bool idle) {
  MutexLock lock(database_mu_);
  const int due = idle ? kIdleCheckpointPages : kForcedCheckpointPages;
  if (database_->wal_pages >= due) database_->Checkpoint();
  checkpoint_due_ = database_->wal_pages >= kIdleCheckpointPages;
}

void SqliteStore::SetTrouble(std::optional<std::string> why) {
  std::optional<std::string> before;
  {
    MutexLock lock(mu_);
    before = std::exchange(trouble_, why);
  }
  metrics_->healthy.Set(why ? 0 : 1);
  if (why && !before) {
    log_.Error(
        "state cannot be written; alerts and notifications go on, but would not survive a crash",
        {{"err", *why}});
  } else if (!why && before) {
    log_.Info("state can be written again and is up to date");
  }
}

Result<std::vector<StateStore::Row>> SqliteStore::Scan(StateTable table) const {
  MutexLock lock(database_mu_);
  sqlite3_stmt* statement = nullptr;
  const std::string sql =
      fmt::format("SELECT key, value FROM {} ORDER BY key", StateTableName(table));
  if (sqlite3_prepare_v2(database_->handle, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    return database_->Failure("cannot read the state database");
  }
  const auto text = [statement](int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    return size == 0 ? std::string() : std::string(data, size);
  };
  std::vector<Row> rows;
  int result = sqlite3_step(statement);
  for (; result == SQLITE_ROW; result = sqlite3_step(statement))
    rows.emplace_back(text(0), text(1));
  sqlite3_finalize(statement);
  if (result != SQLITE_DONE) return database_->Failure("cannot read the state database");
  return rows;
}

std::optional<std::string> SqliteStore::Trouble() const {
  MutexLock lock(mu_);
  return trouble_;
}

}  // namespace tocsin::evaluator
