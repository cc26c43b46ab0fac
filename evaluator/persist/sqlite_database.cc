#include "evaluator/persist/sqlite_database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "evaluator/persist/database_lock.h"
#include "evaluator/persist/durable_store.h"
#include "evaluator/persist/sqlite_connection.h"
#include "evaluator/persist/sqlite_copy.h"
#include "evaluator/persist/sqlite_events.h"
#include "evaluator/persist/sqlite_files.h"
#include "evaluator/persist/state_schema.h"

namespace tocsin::evaluator {
namespace {

constexpr std::string_view kInMemory = ":memory:";
constexpr std::string_view kWritingFile = "cannot write to the state database";

// Milliseconds that a commit waits for another program.
constexpr int kBusyPatience = 5'000;
constexpr int kBusyImpatience = 250;

// Pages in the WAL (4 KiB each) from which an idle moment is used for a checkpoint, and from which
// one is made even under load.
constexpr int kIdleCheckpointPages = 250;
constexpr Duration kIdleAfter = std::chrono::milliseconds(200);
constexpr int kForcedCheckpointPages = 1'000;
// How soon it is noticed that a file is gone where nothing is written, and how soon mending it is
// tried again.
constexpr Duration kFileLookInterval = std::chrono::seconds(5);
constexpr Duration kMendInterval = std::chrono::seconds(1);
// How long whoever has moved the database away may take to put it back.
constexpr std::chrono::seconds kTimeToPutBack(5);
constexpr std::chrono::milliseconds kCopyAtOnce(500);
// As much as is written between two checkpoints, and a little more.
constexpr int kReservedLogBytes = (kForcedCheckpointPages + 100) * 4096;

// Refuses the file of a newer program.
Status BringUpToDate(SqliteConnection& database) {
  const std::vector<SchemaStep> steps = SchemaSteps();
  const Result<std::int64_t> version = database.ReadNumber("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > static_cast<std::int64_t>(steps.size())) {
    return Error{
        fmt::format("cannot use the state database {}: its schema version {} is newer than this "
                    "program's {}; "
                    "use the program that wrote it, or another --storage.path",
                    database.path(), *version, steps.size())};
  }
  for (auto step = static_cast<std::size_t>(*version); step < steps.size(); ++step) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                        steps[step].sqlite, step + 1);
    if (Status done = database.Execute(sql, "cannot bring up to date the state database");
        !done.ok()) {
      return done;
    }
  }
  return Status();
}

// The writer's connection and its statements.
struct SqliteWriter {
  // One after the other, once, before all else.
  Status Connect(const std::string& path);
  Status SetUp();

  Status Prepare() {
    for (StateTable table : kStateTables) {
      const std::string_view name = StateTableName(table);
      Result<SqliteStatement> put =
          connection.Prepare(fmt::format("INSERT INTO {} (key, value) VALUES (?1, ?2) "
                                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                                         name));
      if (!put) return put.error();
      Result<SqliteStatement> del =
          connection.Prepare(fmt::format("DELETE FROM {} WHERE key = ?1", name));
      if (!del) return del.error();
      puts[table] = *std::move(put);
      deletes[table] = *std::move(del);
    }
    Result<EventWriter> writer = EventWriter::Make(connection);
    if (!writer) return writer.error();
    events = *std::move(writer);
    return Status();
  }

  // Lets the log have its size before the first commit: a commit that overwrites costs half of one
  // that lengthens the file (measured: 0.2 ms against 0.4 ms). Rolled back, so nothing of it is
  // kept; a small cache makes SQLite write it out all the same. Only speed depends on it: where the
  // disk has no room, the first real write will tell.
  Status ReserveLog() {
    sqlite3* const handle = connection.handle();
    const std::string reserve = fmt::format(
        "PRAGMA cache_size = -64; BEGIN IMMEDIATE; CREATE TABLE reserved (bytes);"
        "INSERT INTO reserved VALUES (zeroblob({})); ROLLBACK;",
        kReservedLogBytes);
    if (!connection.Execute(reserve, "").ok() && sqlite3_get_autocommit(handle) == 0) {
      if (Status back = connection.Execute("ROLLBACK", "cannot undo a write"); !back.ok()) {
        return back;
      }
    }
    sqlite3_file* log = nullptr;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
    if (log != nullptr && log->pMethods != nullptr) log->pMethods->xSync(log, SQLITE_SYNC_DATAONLY);
    return connection.Execute("PRAGMA cache_size = -1024", "cannot configure the state database");
  }

  bool Apply(const StoreWrite& write) {
    SqliteStatement& statement = write.value ? puts[write.table] : deletes[write.table];
    statement.BindText(1, write.key);
    if (write.value) statement.BindText(2, *write.value);
    return statement.Run();
  }

  // How long a commit waits for another program that holds the database. Once one has waited in
  // vain, the next do not make every alert wait as long.
  void SetPatience(bool is_patient) {
    if (is_patient == is_patient_) return;
    is_patient_ = is_patient;
    sqlite3_busy_timeout(connection.handle(), is_patient ? kBusyPatience : kBusyImpatience);
  }

  // All that stands in the log is in the database then.
  Status EmptyLog() {
    int pages = 0;
    int moved = 0;
    if (sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_FULL, &pages,
                                  &moved) != SQLITE_OK ||
        moved < pages) {
      return connection.Failure(kWritingFile);
    }
    wal_pages = 0;
    return Status();
  }

  void Checkpoint() {
    sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                              nullptr);
    wal_pages = 0;
  }

  SqliteConnection connection;
  int wal_pages = 0;  // since the last checkpoint; told by the WAL hook
  std::map<StateTable, SqliteStatement> puts;
  std::map<StateTable, SqliteStatement> deletes;
  std::optional<EventWriter> events;

 private:
  bool is_patient_ = true;
};

Status SqliteWriter::Connect(const std::string& path) {
  if (Status opened = connection.Open(path, SqliteConnection::Access::kMake); !opened.ok()) {
    return opened;
  }
  // SQLite opens a file it may not write as a read-only one, and every commit would fail.
  if (connection.is_read_only()) {
    return Error{"cannot open the state database: " + path + " is read-only for this user"};
  }
  return Status();
}

Status SqliteWriter::SetUp() {
  sqlite3_busy_timeout(connection.handle(), kBusyPatience);
  Status configured = connection.Execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;",
      "cannot open the state database");
  if (!configured.ok()) return configured;
  // Also turns SQLite's own checkpoints off: they would run inside a commit.
  sqlite3_wal_hook(
      connection.handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteWriter*>(self)->wal_pages = pages;
        return SQLITE_OK;
      },
      this);
  if (Status migrated = BringUpToDate(connection); !migrated.ok()) return migrated;
  if (Status prepared = Prepare(); !prepared.ok()) return prepared;
  return ReserveLog();
}

Error NotOpen(const std::string& path) {
  return Error{fmt::format("the state database {} could not be opened again", path)};
}

// While nothing stands in the place of the file. Not within the class: there clang finds that it
// cannot be made of nothing.
struct Gone {
  std::chrono::nanoseconds since{0};  // monotonic
  std::string failure;                // of the last attempt to write it anew
  std::unique_ptr<SqliteCopy> copy;
};

class SqliteDatabase final : public StoreDatabase {
 public:
  // Without a lock it is a command's, which is over before a file goes.
  SqliteDatabase(std::unique_ptr<SqliteWriter> writer, std::optional<DatabaseLock> lock,
                 const Clock& clock, const Logger& log)
      : path_(writer->connection.path()),
        clock_(clock),
        log_(log),
        writer_(std::move(writer)),
        lock_(std::move(lock)) {
    if (lock_) files_ = SqliteFiles::Note(path_);
  }

  Status Commit(std::span<const StoreWrite> writes, std::span<const Event> events) override;
  Result<std::vector<Row>> Scan(StateTable table) const override;
  Result<std::vector<Row>> ScanPart(StateTable table, const StateStore::Part& part) const override;
  Result<std::vector<Event>> ReadEvents(const EventQuery& query) const override
      EXCLUDES(reader_mu_, writer_mu_);
  Result<bool> Prune(Timestamp from, std::size_t keep_most, std::size_t most) override;
  Tended Tend(bool idle) override EXCLUDES(reader_mu_, writer_mu_);

 private:
  // Ok: what is written stands in the file that the next start will read.
  Status LookAtFiles() REQUIRES_LOCK(writer_mu_);
  // Some of what it takes to write again, after LookAtFiles has failed.
  Status Mend() REQUIRES_LOCK(writer_mu_) EXCLUDES(reader_mu_);
  Status WriteAnew() REQUIRES_LOCK(writer_mu_) EXCLUDES(reader_mu_);
  // Whether all of it is there.
  Result<bool> WriteSomeAnew(std::chrono::nanoseconds begin) REQUIRES_LOCK(writer_mu_);
  Status MakeNewLog() REQUIRES_LOCK(writer_mu_) EXCLUDES(reader_mu_);
  Status Reopen() REQUIRES_LOCK(writer_mu_) EXCLUDES(reader_mu_);
  void CloseReader() EXCLUDES(reader_mu_);
  // Rows of a SELECT of key and value, whose parameters are bound in order: texts, then a number.
  Result<std::vector<Row>> Select(const std::string& sql, const StateStore::Part* part) const;
  Status OpenReader() const REQUIRES_LOCK(reader_mu_);

  const std::string path_;
  const Clock& clock_;
  const Logger log_;

  mutable Mutex writer_mu_;  // the connection: writer, and scans
  // Null where it was to be opened again and could not.
  std::unique_ptr<SqliteWriter> writer_ GUARDED_BY(writer_mu_);
  std::optional<DatabaseLock> lock_ GUARDED_BY(writer_mu_);
  std::optional<SqliteFiles> files_ GUARDED_BY(writer_mu_);
  std::optional<Gone> gone_ GUARDED_BY(writer_mu_);

  mutable Mutex reader_mu_;  // after the other; queries wait for each other, and for no write
  mutable std::unique_ptr<SqliteConnection> reader_ GUARDED_BY(reader_mu_);
};

Status SqliteDatabase::Commit(std::span<const StoreWrite> writes, std::span<const Event> events) {
  MutexLock lock(writer_mu_);
  if (Status there = LookAtFiles(); !there.ok()) return there;
  SqliteWriter& writer = *writer_;
  Status done = writer.connection.Transaction([&writer, writes, events] {
    for (const StoreWrite& write : writes) {
      if (!writer.Apply(write)) return false;
    }
    return writer.events->Insert(events);
  });
  writer.SetPatience(done.ok());
  return done;
}

Result<std::vector<StateStore::Row>> SqliteDatabase::Scan(StateTable table) const {
  return Select(fmt::format("SELECT key, value FROM {} ORDER BY key", StateTableName(table)),
                nullptr);
}

Result<std::vector<StateStore::Row>> SqliteDatabase::ScanPart(StateTable table,
                                                              const StateStore::Part& part) const {
  return Select(
      fmt::format("SELECT key, value FROM {} WHERE key >= ?1 AND key < ?2 ORDER BY key {} "
                  "LIMIT ?3",
                  StateTableName(table), part.from_end ? "DESC" : "ASC"),
      &part);
}

Result<std::vector<StateStore::Row>> SqliteDatabase::Select(const std::string& sql,
                                                            const StateStore::Part* part) const {
  MutexLock lock(writer_mu_);
  if (writer_ == nullptr) return NotOpen(path_);
  SqliteConnection& connection = writer_->connection;
  Result<SqliteStatement> rows_of = connection.Prepare(sql);
  if (!rows_of) return rows_of.error();
  if (part != nullptr) {
    rows_of->BindText(1, part->from);
    rows_of->BindText(2, part->below);
    rows_of->BindNumber(3, static_cast<std::int64_t>(part->limit));
  }
  std::vector<Row> rows;
  SqliteStatement::Stepped stepped = rows_of->Step();
  for (; stepped == SqliteStatement::Stepped::kRow; stepped = rows_of->Step()) {
    rows.emplace_back(rows_of->Text(0), rows_of->Text(1));
  }
  if (stepped == SqliteStatement::Stepped::kFailed) {
    return connection.Failure("cannot read the state database");
  }
  return rows;
}

Result<bool> SqliteDatabase::Prune(Timestamp from, std::size_t keep_most, std::size_t most) {
  MutexLock lock(writer_mu_);
  if (!LookAtFiles().ok()) return false;  // whatever is written now is written in vain
  return writer_->events->Prune(from, keep_most, most);
}

StoreDatabase::Tended SqliteDatabase::Tend(bool idle) {
  MutexLock lock(writer_mu_);
  Status there = LookAtFiles();
  if (!there.ok()) there = Mend();
  if (!there.ok()) return {there, kMendInterval};
  const int due = idle ? kIdleCheckpointPages : kForcedCheckpointPages;
  if (writer_->wal_pages >= due) writer_->Checkpoint();
  if (writer_->wal_pages >= kIdleCheckpointPages) return {Status(), kIdleAfter};
  if (!lock_) return {};
  return {Status(), kFileLookInterval};
}

// ---- files that are gone

Status SqliteDatabase::LookAtFiles() {
  if (!lock_) return {};
  const SqliteFiles::State state = files_->Look();
  if (state != SqliteFiles::State::kGone) gone_.reset();
  switch (state) {
    case SqliteFiles::State::kInPlace:
      return writer_ != nullptr ? lock_->Renew() : Status(NotOpen(path_));
    case SqliteFiles::State::kLogGone:
      return Error{
          fmt::format("{} {}: {}-wal or -shm is gone, and without it what is written would "
                      "be lost",
                      kWritingFile, path_, files_->path())};
    case SqliteFiles::State::kReplaced:
      return Error{
          fmt::format("{} {}: another file stands in its place; move that away, or restart "
                      "tocsin to go on with it and without what has happened since",
                      kWritingFile, path_)};
    case SqliteFiles::State::kGone:
      break;
  }
  if (!gone_) gone_.emplace().since = clock_.Monotonic();
  std::string message = fmt::format(
      "{} {}: the file is gone; put it back, else it is written anew in its folder with all that "
      "it held",
      kWritingFile, path_);
  if (!gone_->failure.empty()) message += "; that has failed: " + gone_->failure;
  return Error{std::move(message)};
}

Status SqliteDatabase::Mend() {
  switch (files_->Look()) {
    case SqliteFiles::State::kInPlace:
      return writer_ == nullptr ? Reopen() : LookAtFiles();
    case SqliteFiles::State::kLogGone:
      return MakeNewLog();
    case SqliteFiles::State::kReplaced:
      return LookAtFiles();
    case SqliteFiles::State::kGone:
      return WriteAnew();
  }
  return LookAtFiles();
}

Status SqliteDatabase::WriteAnew() {
  Status gone = LookAtFiles();
  const std::chrono::nanoseconds now = clock_.Monotonic();
  if (writer_ == nullptr || !gone_ || now - gone_->since < kTimeToPutBack) return gone;
  const Result<bool> done = WriteSomeAnew(now);
  if (!done) gone_->failure = done.message();
  if (!done || !*done) return LookAtFiles();
  if (Status opened = Reopen(); !opened.ok()) return opened;
  log_.Warn("the state database was gone: it is written anew, with all that it held",
            {{"path", path_}});
  return {};
}

// The connection still has the file that has lost its name, and its log. A part at a time, since
// alerts wait meanwhile for the answer that they cannot be written.
Result<bool> SqliteDatabase::WriteSomeAnew(std::chrono::nanoseconds begin) {
  if (Status held = lock_->Renew(); !held.ok()) return held.error();
  const std::string draft = files_->path() + "-new";
  if (gone_->copy == nullptr) {
    Result<std::unique_ptr<SqliteCopy>> begun = SqliteCopy::Begin(writer_->connection, draft);
    if (!begun) return begun.error();
    gone_->copy = *std::move(begun);
  }
  Result<bool> complete = false;
  while (complete.ok() && !*complete) {
    if (clock_.Monotonic() - begin > kCopyAtOnce) return false;
    complete = gone_->copy->Step();
  }
  gone_->copy.reset();
  if (!complete) return complete;
  if (Status placed = files_->Replace(draft); !placed.ok()) return placed.error();
  return true;
}

// What stands in the log goes into the database, then both are opened anew.
Status SqliteDatabase::MakeNewLog() {
  if (writer_ != nullptr) {
    if (Status moved = writer_->EmptyLog(); !moved.ok()) return moved;
  }
  if (Status opened = Reopen(); !opened.ok()) return opened;
  log_.Warn("the log of the state database was gone: nothing is lost, and there is a new one",
            {{"path", path_}});
  return {};
}

// The old connections first: those of one process share what they have open.
Status SqliteDatabase::Reopen() {
  CloseReader();
  writer_.reset();
  files_ = SqliteFiles::Note(path_);
  gone_.reset();
  auto writer = std::make_unique<SqliteWriter>();
  if (Status connected = writer->Connect(path_); !connected.ok()) return connected;
  if (Status ready = writer->SetUp(); !ready.ok()) return ready;
  writer_ = std::move(writer);
  files_ = SqliteFiles::Note(path_);
  return lock_->Renew();
}

void SqliteDatabase::CloseReader() {
  MutexLock lock(reader_mu_);
  reader_.reset();
}

// ---- reading

Result<std::vector<Event>> SqliteDatabase::ReadEvents(const EventQuery& query) const {
  if (path_ == kInMemory) {  // nobody else can open it
    MutexLock lock(writer_mu_);
    return evaluator::ReadEvents(writer_->connection, query);
  }
  MutexLock lock(reader_mu_);
  if (reader_ == nullptr) {
    if (Status opened = OpenReader(); !opened.ok()) return opened.error();
  }
  return evaluator::ReadEvents(*reader_, query);
}

Status SqliteDatabase::OpenReader() const {
  auto reader = std::make_unique<SqliteConnection>();
  if (Status opened = reader->Open(path_, SqliteConnection::Access::kRead); !opened.ok()) {
    return opened;
  }
  Status configured = reader->Execute("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -512",
                                      "cannot open the state database");
  if (configured.ok()) reader_ = std::move(reader);
  return configured;
}

}  // namespace

Result<std::unique_ptr<StateStore>> OpenSqliteStore(const std::string& path, StoreRole role,
                                                    const Clock& clock, const Logger& log,
                                                    MetricRegistry& metrics) {
  auto writer = std::make_unique<SqliteWriter>();
  if (Status connected = writer->Connect(path); !connected.ok()) return connected.error();
  std::optional<DatabaseLock> lock;
  if (role == StoreRole::kDaemon && path != kInMemory) {
    Result<DatabaseLock> taken = DatabaseLock::Take(path);
    if (!taken) return taken.error();
    lock.emplace(*std::move(taken));
  }
  if (Status ready = writer->SetUp(); !ready.ok()) return ready.error();
  const Result<std::uint64_t> newest = NewestEvent(writer->connection);
  if (!newest) return newest.error();
  return std::unique_ptr<StateStore>(std::make_unique<DurableStore>(
      std::make_unique<SqliteDatabase>(std::move(writer), std::move(lock), clock, log), *newest,
      clock, log, metrics));
}

}  // namespace tocsin::evaluator
