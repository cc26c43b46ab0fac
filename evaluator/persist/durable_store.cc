#include "evaluator/persist/durable_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace tocsin::evaluator {
namespace {

constexpr Duration kRetryInterval = std::chrono::seconds(1);
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

struct DurableStore::Metrics {
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

DurableStore::DurableStore(std::unique_ptr<StoreDatabase> database, std::uint64_t last_event,
                           const Clock& clock, const Logger& log, MetricRegistry& metrics)
    : clock_(clock),
      log_(log),
      metrics_(std::make_unique<Metrics>(metrics)),
      database_(std::move(database)),
      last_event_(last_event),
      writer_([this] { Run(); }) {}

DurableStore::~DurableStore() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  writer_.join();
}

void DurableStore::Submit(WriteBatch batch, Committed committed) {
  bool wake = false;
  {
    MutexLock lock(mu_);
    wake = waiting_.empty() || committed != nullptr;
    if (waiting_.empty()) waiting_since_ = clock_.Monotonic();
    waiting_.push_back({std::move(batch), std::move(committed)});
    if (waiting_.size() > kMaxWaiting) FoldWaiting();
  }
  if (wake) changed_.NotifyAll();
}

void DurableStore::FoldWaiting() {
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

bool DurableStore::AwaitedByAnyone(const std::vector<Waiting>& waiting) {
  return waiting.empty() || std::any_of(waiting.begin(), waiting.end(), [](const Waiting& one) {
           return one.committed != nullptr;
         });
}

std::vector<DurableStore::Waiting> DurableStore::TakeWaiting(bool* stop) {
  MutexLock lock(mu_);
  if (waiting_.empty() && !stopping_ && (!prune_ || has_failed())) {
    if (has_failed()) {
      changed_.WaitUntil(mu_, clock_.Now() + kRetryInterval);
    } else if (tend_again_) {
      changed_.WaitUntil(mu_, clock_.Now() + *tend_again_);
    } else {
      changed_.Wait(mu_);
    }
  }
  if (!stopping_ && !AwaitedByAnyone(waiting_)) changed_.WaitFor(mu_, kShareCommit);
  *stop = stopping_;
  writing_since_ = std::exchange(waiting_since_, std::nullopt);
  return std::exchange(waiting_, {});
}

void DurableStore::Run() {
  Tend(/*idle=*/false);
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
    NoteWritten();
    if (!has_failed()) PruneSome();
    Tend(idle);
  }
}

std::vector<Event> DurableStore::NumberEvents(std::vector<Waiting>* waiting) const {
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

Status DurableStore::Commit(std::span<const StoreWrite> writes, std::span<const Event> events) {
  Status status = database_->Commit(writes, events);
  if (status.ok()) {
    metrics_->events.Increment(static_cast<double>(events.size()));
  } else {
    metrics_->failures.Increment();
    SetTrouble(status.message());
  }
  return status;
}

void DurableStore::Write(std::vector<Waiting> waiting) {
  std::vector<Event> events = NumberEvents(&waiting);
  std::vector<StoreWrite> writes;
  for (const Waiting& one : waiting) {
    for (const WriteBatch::Operation& op : one.batch.operations()) {
      writes.push_back({op.table, op.key, op.value ? &*op.value : nullptr});
    }
  }
  const std::chrono::nanoseconds begin = clock_.Monotonic();
  const Status status = Commit(writes, events);
  metrics_->commit_seconds.Observe(
      std::chrono::duration<double>(clock_.Monotonic() - begin).count());
  if (!status.ok()) return Keep(waiting, std::move(events), status.error());
  SetTrouble(std::nullopt);
  if (!events.empty()) last_event_ = events.back().sequence;
  for (const Waiting& one : waiting) {
    if (one.committed) one.committed(status);
  }
  Tell(events);
}

void DurableStore::Keep(const std::vector<Waiting>& waiting, std::vector<Event> events,
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

void DurableStore::Tell(std::span<const Event> events) {
  if (events.empty()) return;
  for (const EventListener& listener : listeners_) listener(events);
}

bool DurableStore::RetryFailed() {
  if (!has_failed()) return true;
  std::vector<StoreWrite> writes;
  writes.reserve(failed_.size());
  for (const auto& [key, value] : failed_) {
    writes.push_back({key.first, key.second, value ? &*value : nullptr});
  }
  if (!Commit(writes, failed_events_.events()).ok()) return false;
  failed_.clear();
  failed_events_.TakeAll();
  SetTrouble(std::nullopt);
  return true;
}

void DurableStore::PruneSome() {
  std::optional<Wish> wish;
  {
    MutexLock lock(mu_);
    wish = std::exchange(prune_, std::nullopt);
  }
  if (!wish) return;
  const Result<bool> more = database_->Prune(wish->from, wish->keep_most, kPruneStep);
  if (!more) return log_.Warn("old events stay in the history for now", {{"err", more.message()}});
  if (!*more) return;
  MutexLock lock(mu_);
  if (!prune_) prune_ = wish;
}

void DurableStore::Tend(bool idle) {
  const StoreDatabase::Tended tended = database_->Tend(idle);
  tend_again_ = tended.again;
  if (!tended.status.ok()) {
    SetTrouble(tended.status.message());
  } else if (!has_failed()) {
    SetTrouble(std::nullopt);
  }
}

void DurableStore::NoteWritten() {
  MutexLock lock(mu_);
  writing_since_.reset();
}

void DurableStore::SetTrouble(std::optional<std::string> why) {
  const Timestamp now = clock_.Now();
  std::optional<std::string> before;
  {
    MutexLock lock(mu_);
    before = std::exchange(trouble_, why);
    if (!before) trouble_since_ = now;
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

Result<std::vector<StateStore::Row>> DurableStore::Scan(StateTable table) const {
  return database_->Scan(table);
}

Result<std::vector<StateStore::Row>> DurableStore::ScanPart(StateTable table,
                                                            const Part& part) const {
  return database_->ScanPart(table, part);
}

Result<std::vector<Event>> DurableStore::Events(const EventQuery& query) const {
  return database_->ReadEvents(query);
}

void DurableStore::ListenToEvents(EventListener listener) {
  listeners_.push_back(std::move(listener));
}

void DurableStore::PruneEvents(Timestamp from, std::size_t keep_most) {
  {
    MutexLock lock(mu_);
    prune_ = Wish{from, keep_most};
  }
  changed_.NotifyAll();
}

Duration DurableStore::WriterLag() const {
  MutexLock lock(mu_);
  const auto since = writing_since_ ? writing_since_ : waiting_since_;
  if (!since) return Duration(0);
  return std::chrono::duration_cast<Duration>(clock_.Monotonic() - *since);
}

std::optional<std::string> DurableStore::Trouble() const {
  MutexLock lock(mu_);
  if (!trouble_) return std::nullopt;
  return fmt::format("{} (since {})", *trouble_, FormatRfc3339(trouble_since_));
}

}  // namespace tocsin::evaluator
