#include "evaluator/persist/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <string_view>

#include "evaluator/persist/sqlite_events.h"
#include "evaluator/persist/sqlite_schema.h"

namespace tocsin::evaluator {
namespace {

constexpr std::string_view kInMemory = ":memory:";

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

// Events that one step of pruning forgets: some milliseconds, which a write may have to wait for.
constexpr std::size_t kPruneStep = 200;

}  // namespace

// The writer's connection and its statements.
struct SqliteStore::Database {
  Status Open(const std::string& path);

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

  bool Apply(StateTable table, const std::string& key, const std::optional<std::string>& value) {
    SqliteStatement& statement = value ? puts[table] : deletes[table];
    statement.BindText(1, key);
    if (value) statement.BindText(2, *value);
    return statement.Run();
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
};

struct SqliteStore::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : healthy(GaugeFamily(registry, "tocsin_store_healthy",
                            "1 while state can be written, 0 while it cannot.")
                    .Add({})),
        failures(CounterFamily(registry, "tocsin_store_commit_failures_total",
                               "Commits of state that failed.")
                     .Add({})),
        events(CounterFamily(registry, "tocsin_events_recorded_total",
                             "Events that were recorded in the history.")
                   .Add({})),
        events_dropped(CounterFamily(registry, "tocsin_events_dropped_total",
                                     "Events for which there was no room while state could not be "
                                     "written.")
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
  prometheus::Counter& events;
  prometheus::Counter& events_dropped;
  prometheus::Histogram& commit_seconds;
};

Status SqliteStore::Database::Open(const std::string& path) {
  if (Status opened = connection.Open(path, SqliteConnection::Access::kMake); !opened.ok()) {
    return opened;
  }
  Status configured = connection.Execute(
      "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;",
      "cannot open the state database");
  if (!configured.ok()) return configured;
  // SQLite opens a file it may not write as a read-only one, and every commit would fail.
  if (connection.is_read_only()) {
    return Error{"cannot open the state database: " + path + " is read-only for this user"};
  }
  // Also turns SQLite's own checkpoints off: they would run inside a commit.
  sqlite3_wal_hook(
      connection.handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Database*>(self)->wal_pages = pages;
        return SQLITE_OK;
      },
      this);
  if (Status migrated = BringUpToDate(connection); !migrated.ok()) return migrated;
  if (Status prepared = Prepare(); !prepared.ok()) return prepared;
  return ReserveLog();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, const Clock& clock,
                                                       const Logger& log, MetricRegistry& metrics) {
  auto database = std::make_unique<Database>();
  if (Status opened = database->Open(path); !opened.ok()) return opened.error();
  const Result<std::uint64_t> newest = NewestEvent(database->connection);
  if (!newest) return newest.error();
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::move(database), *newest, clock, log, metrics));
}

SqliteStore::SqliteStore(std::unique_ptr<Database> database, std::uint64_t last_event,
                         const Clock& clock, const Logger& log, MetricRegistry& metrics)
    : clock_(clock),
      log_(log),
      metrics_(std::make_unique<Metrics>(metrics)),
      path_(database->connection.path()),
      database_(std::move(database)),
      last_event_(last_event),
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
  EventBacklog events;
  for (Waiting& waiting : waiting_) {
    for (const WriteBatch::Operation& op : waiting.batch.operations()) {
      newest[{op.table, op.key}] = op.value;
    }
    for (Event& event : waiting.batch.TakeEvents()) {
      if (!events.Add(std::move(event))) metrics_->events_dropped.Increment();
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
  for (Event& event : events.TakeAll()) folded.Record(std::move(event));
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
  if (waiting_.empty() && !stopping_ && (!prune_ || has_failed())) {
    if (has_failed()) {
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
      Write(std::move(waiting));
    } else if (!idle) {
      // The disk still refuses: these queue up behind what it refused before.
      std::vector<Event> events = NumberEvents(&waiting);
      Keep(waiting, std::move(events),
           Error{Trouble().value_or("the state database cannot be written")});
    }
    if (stop && idle) return;
    if (!has_failed()) PruneSome();
    CheckpointIfDue(idle);
  }
}

std::vector<Event> SqliteStore::NumberEvents(std::vector<Waiting>* waiting) const {
  std::vector<Event> events;
  std::uint64_t last = last_event_;
  for (Waiting& one : *waiting) {
    for (Event& event : one.batch.TakeEvents()) {
      events.push_back(std::move(event));
      events.back().sequence = ++last;
    }
  }
  return events;
}

void SqliteStore::Write(std::vector<Waiting> waiting) {
  std::vector<Event> events = NumberEvents(&waiting);
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  Status status;
  {
    MutexLock lock(database_mu_);
    Database& database = *database_;
    status = database.connection.Transaction([&database, &waiting, &events] {
      for (const Waiting& one : waiting) {
        for (const WriteBatch::Operation& op : one.batch.operations()) {
          if (!database.Apply(op.table, op.key, op.value)) return false;
        }
      }
      return database.events->Insert(events);
    });
  }
  metrics_->commit_seconds.Observe(
      std::chrono::duration<double>(clock_.Monotonic() - begin).count());
  if (!status.ok()) {
    metrics_->failures.Increment();
    SetTrouble(status.message());
    return Keep(waiting, std::move(events), status.error());
  }
  metrics_->events.Increment(static_cast<double>(events.size()));
  if (!events.empty()) last_event_ = events.back().sequence;
  for (const Waiting& one : waiting) {
    if (one.committed) one.committed(status);
  }
  Tell(events);
}

void SqliteStore::Keep(const std::vector<Waiting>& waiting, std::vector<Event> events,
                       const Error& why) {
  for (const Waiting& one : waiting) {
    for (const WriteBatch::Operation& op : one.batch.operations()) {
      failed_[{op.table, op.key}] = op.value;
    }
  }
  const std::size_t kept_before = failed_events_.events().size();
  for (Event& event : events) {
    if (!failed_events_.Add(std::move(event))) metrics_->events_dropped.Increment();
  }
  const std::span<const Event> kept = std::span(failed_events_.events()).subspan(kept_before);
  if (!kept.empty()) last_event_ = kept.back().sequence;
  for (const Waiting& one : waiting) {
    if (one.committed) one.committed(why);
  }
  Tell(kept);
}

void SqliteStore::Tell(std::span<const Event> events) {
  if (events.empty()) return;
  for (const EventListener& listener : listeners_) listener(events);
}

bool SqliteStore::RetryFailed() {
  if (!has_failed()) return true;
  Status status;
  {
    MutexLock lock(database_mu_);
    Database& database = *database_;
    status = database.connection.Transaction([this, &database] {
      for (const auto& [key, value] : failed_) {
        if (!database.Apply(key.first, key.second, value)) return false;
      }
      return database.events->Insert(failed_events_.events());
    });
  }
  if (!status.ok()) {
    metrics_->failures.Increment();
    SetTrouble(status.message());
    return false;
  }
  failed_.clear();
  metrics_->events.Increment(static_cast<double>(failed_events_.TakeAll().size()));
  SetTrouble(std::nullopt);
  return true;
}

void SqliteStore::PruneSome() {
  std::optional<Wish> wish;
  {
    MutexLock lock(mu_);
    wish = std::exchange(prune_, std::nullopt);
  }
  if (!wish) return;
  Result<bool> more = false;
  {
    MutexLock lock(database_mu_);
    more = database_->events->Prune(wish->from, wish->keep_most, kPruneStep);
  }
  if (!more) return log_.Warn("old events stay in the history for now", {{"err", more.message()}});
  if (!*more) return;
  MutexLock lock(mu_);
  if (!prune_) prune_ = wish;
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
  return Select(fmt::format("SELECT key, value FROM {} ORDER BY key", StateTableName(table)),
                nullptr);
}

Result<std::vector<StateStore::Row>> SqliteStore::ScanPart(StateTable table,
                                                           const Part& part) const {
  return Select(
      fmt::format("SELECT key, value FROM {} WHERE key >= ?1 AND key < ?2 ORDER BY key {} "
                  "LIMIT ?3",
                  StateTableName(table), part.from_end ? "DESC" : "ASC"),
      &part);
}

Result<std::vector<StateStore::Row>> SqliteStore::Select(const std::string& sql,
                                                         const Part* part) const {
  MutexLock lock(database_mu_);
  SqliteConnection& connection = database_->connection;
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

void SqliteStore::ListenToEvents(EventListener listener) {
  listeners_.push_back(std::move(listener));
}

Result<std::vector<Event>> SqliteStore::Events(const EventQuery& query) const {
  if (path_ == kInMemory) {  // nobody else can open it
    MutexLock lock(database_mu_);
    return ReadEvents(database_->connection, query);
  }
  MutexLock lock(reader_mu_);
  if (reader_ == nullptr) {
    if (Status opened = OpenReader(); !opened.ok()) return opened.error();
  }
  return ReadEvents(*reader_, query);
}

Status SqliteStore::OpenReader() const {
  auto reader = std::make_unique<SqliteConnection>();
  if (Status opened = reader->Open(path_, SqliteConnection::Access::kRead); !opened.ok()) {
    return opened;
  }
  Status configured = reader->Execute("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -512",
                                      "cannot open the state database");
  if (configured.ok()) reader_ = std::move(reader);
  return configured;
}

void SqliteStore::PruneEvents(Timestamp from, std::size_t keep_most) {
  {
    MutexLock lock(mu_);
    prune_ = Wish{from, keep_most};
  }
  changed_.NotifyAll();
}

std::optional<std::string> SqliteStore::Trouble() const {
  MutexLock lock(mu_);
  return trouble_;
}

}  // namespace tocsin::evaluator
