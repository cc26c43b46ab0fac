// The StateStore: one writer thread before a database (store_database.h), group commit.
//
// A batch is durable before its callback runs. Everything that waits when the writer is free goes
// into one transaction.
//
// When a write fails (disk full, read-only, gone) the callbacks of what was in it hear of it at
// once, the writes are kept and tried again every second, in order, the later of one key replacing
// the earlier, so memory stays bounded by the number of keys. Trouble() says why meanwhile.
//
// Events get their numbers here, in the order of the commits; the counter follows what is in the
// table, so that a number is used once and none is left out, however often the process is killed.
// Numbers of events that wait for a disk are given already; if the process dies before they are
// written, the next one gives them again.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/state_store.h"
#include "evaluator/persist/event_backlog.h"
#include "evaluator/persist/store_database.h"

namespace tocsin::evaluator {

class DurableStore final : public StateStore {
 public:
  // Starts the writer. `last_event` is the number of the newest event in the database; 0 where
  // there is none.
  DurableStore(std::unique_ptr<StoreDatabase> database, std::uint64_t last_event,
               const Clock& clock, const Logger& log, MetricRegistry& metrics);
  // Writes what waits, then closes.
  ~DurableStore() override;

  void Submit(WriteBatch batch, Committed committed) override;
  Result<std::vector<Row>> Scan(StateTable table) const override;
  Result<std::vector<Row>> ScanPart(StateTable table, const Part& part) const override;
  Result<std::vector<Event>> Events(const EventQuery& query) const override;
  std::uint64_t LastEvent() const override { return last_event_; }
  void ListenToEvents(EventListener listener) override;
  // Asks the writer to; of several wishes the newest counts.
  void PruneEvents(Timestamp from, std::size_t keep_most) override;
  // With the time of its beginning.
  std::optional<std::string> Trouble() const override;
  Duration WriterLag() const override;

 private:
  struct Metrics;
  struct Waiting {
    WriteBatch batch;
    Committed committed;
  };
  struct Wish {
    Timestamp from;
    std::size_t keep_most = 0;
  };
  using Key = std::pair<StateTable, std::string>;

  void Run();
  std::vector<Waiting> TakeWaiting(bool* stop);
  // True also where there is nothing.
  static bool AwaitedByAnyone(const std::vector<Waiting>& waiting);
  void FoldWaiting() REQUIRES_LOCK(mu_);
  void Write(std::vector<Waiting> waiting);
  // Counts a failure and says that there is one.
  Status Commit(std::span<const StoreWrite> writes, std::span<const Event> events);
  // Remembers writes that could not be made and tells their callbacks.
  void Keep(const std::vector<Waiting>& waiting, std::vector<Event> events, const Error& why);
  // Takes the events out of what waits and gives each its number.
  std::vector<Event> NumberEvents(std::vector<Waiting>* waiting) const;
  void Tell(std::span<const Event> events);
  bool has_failed() const { return !failed_.empty() || !failed_events_.events().empty(); }
  // True if what failed before is written now (or nothing had failed).
  bool RetryFailed();
  // A few, between two groups of writes.
  void PruneSome();
  void Tend(bool idle);
  void NoteWritten();
  void SetTrouble(std::optional<std::string> why);

  const Clock& clock_;
  const Logger log_;
  std::unique_ptr<Metrics> metrics_;
  const std::unique_ptr<StoreDatabase> database_;  // synchronises itself

  std::vector<EventListener> listeners_;   // complete before the first Submit
  std::atomic<std::uint64_t> last_event_;  // changed by the writer only

  mutable Mutex mu_;
  CondVar changed_;
  std::vector<Waiting> waiting_ GUARDED_BY(mu_);
  // Of the monotonic clock: when the first of them came, and the first of those being written.
  std::optional<std::chrono::nanoseconds> waiting_since_ GUARDED_BY(mu_);
  std::optional<std::chrono::nanoseconds> writing_since_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::optional<Wish> prune_ GUARDED_BY(mu_);
  std::optional<std::string> trouble_ GUARDED_BY(mu_);
  Timestamp trouble_since_ GUARDED_BY(mu_);

  // The writer thread's own.
  std::map<Key, std::optional<std::string>> failed_;
  EventBacklog failed_events_;  // numbered
  std::optional<Duration> tend_again_;

  std::thread writer_;
};

}  // namespace tocsin::evaluator
