// The default StateStore: one SQLite file in WAL mode, one writer thread, group commit.
//
// synchronous=FULL: a batch is durable (one fdatasync) before its callback runs. Everything that
// waits when the writer is free goes into one transaction. Checkpoints run when nothing waits, so
// that they do not stand in an alert's way.
//
// When a write fails (disk full, read-only, gone) the callbacks of what was in it hear of it at
// once, the writes are kept and tried again every second, in order, the later of one key replacing
// the earlier, so memory stays bounded by the number of keys. Trouble() says why meanwhile.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/state_store.h"

namespace tocsin::evaluator {

class SqliteStore final : public StateStore {
 public:
  // Opens or makes the file (":memory:" keeps nothing), brings its schema up to date and starts the
  // writer. The message of a failure names the file and what to do.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path, const Clock& clock,
                                                   const Logger& log, MetricRegistry& metrics);
  // Writes what waits, then closes.
  ~SqliteStore() override;

  void Submit(WriteBatch batch, Committed committed) override;
  Result<std::vector<Row>> Scan(StateTable table) const override;
  std::optional<std::string> Trouble() const override;

 private:
  struct Database;
  struct Metrics;
  struct Waiting {
    WriteBatch batch;
    Committed committed;
  };
  using Key = std::pair<StateTable, std::string>;

  SqliteStore(std::unique_ptr<Database> database, const Clock& clock, const Logger& log,
              MetricRegistry& metrics);

  void Run();
  std::vector<Waiting> TakeWaiting(bool* stop);
  // True also where there is nothing.
  static bool AwaitedByAnyone(const std::vector<Waiting>& waiting);
  void FoldWaiting() REQUIRES_LOCK(mu_);
  void Write(const std::vector<Waiting>& waiting);
  // Remembers writes that could not be made and tells their callbacks.
  void Keep(const std::vector<Waiting>& waiting, const Error& why);
  // True if what failed before is written now (or nothing had failed).
  bool RetryFailed();
  void CheckpointIfDue(bool idle);
  void SetTrouble(std::optional<std::string> why);

  const Clock& clock_;
  const Logger log_;
  std::unique_ptr<Metrics> metrics_;

  mutable Mutex database_mu_;  // the connection: writer, and Scan at start-up
  std::unique_ptr<Database> database_ PT_GUARDED_BY(database_mu_);

  mutable Mutex mu_;
  CondVar changed_;
  std::vector<Waiting> waiting_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::optional<std::string> trouble_ GUARDED_BY(mu_);

  // The writer thread's own.
  std::map<Key, std::optional<std::string>> failed_;
  bool checkpoint_due_ = false;

  std::thread writer_;
};

}  // namespace tocsin::evaluator
