// ScrapeLoop: one target, its turns, its staleness, its status.
//
// A turn goes through three threads: the timer's sends the request, the HTTP client's hands the
// answer to the ingest pool, a thread of the pool reads it and appends. Only one turn is under way
// at a time (`running_`); a turn that comes before the last one has ended is skipped and counted.
// Whoever carries the turn owns the cache. What the threads share beyond that is guarded by mu_.
//
// Owned by ScrapeManager and by the callbacks that are still to come: a target that has left the
// configuration lives on until its series have been marked stale.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"
#include "exporter/scrape/gate.h"
#include "exporter/scrape/page_reader.h"
#include "exporter/scrape/scrape_cache.h"
#include "exporter/scrape/scrape_metrics.h"
#include "exporter/scrape/target.h"

namespace tocsin::scrape {

// What the loops of a manager work with. All of it synchronises itself, and none of it is used once
// the gate is closed.
struct ScrapeContext {
  SampleSink& sink;
  HttpClient& http;
  TimerQueue& timers;
  Executor& ingest_pool;
  const Clock& clock;
  const Logger log;
  const ScrapeMetrics metrics;
  Gate gate;
};

enum class TargetHealth : std::uint8_t { kUnknown, kUp, kDown };
// "up", "down" or "unknown", as Prometheus's targets API says it.
std::string_view TargetHealthName(TargetHealth health);

struct TargetStatus {
  std::string job;
  std::string url;
  Labels labels;
  Duration interval{};
  Duration timeout{};
  TargetHealth health = TargetHealth::kUnknown;
  std::string last_error;    // why it is down; empty while it is up
  std::string last_warning;  // what was wrong with a page that was read all the same
  std::optional<Timestamp> last_scrape;
  std::chrono::nanoseconds last_duration{};
  std::size_t samples = 0;  // on the last page
};

class ScrapeLoop : public std::enable_shared_from_this<ScrapeLoop> {
 public:
  // `offset_seed` spreads instances; see SlotOffset.
  ScrapeLoop(std::shared_ptr<ScrapeContext> context, Target target, Labels offset_seed);

  // Begins, or goes on in another way. The manager's thread.
  void Configure(const ScrapeSettings& settings, Timestamp now) EXCLUDES(mu_);
  // No more turns. Its series are marked stale as of `now`, once another target has had the time to
  // go on with them: markers that come too late for that are refused by the store.
  void Retire(Timestamp now) EXCLUDES(mu_);
  // Takes its timer out of the queue. For the end of the program: nothing is marked stale.
  void Halt() EXCLUDES(mu_);

  TargetStatus status() const EXCLUDES(mu_);

 private:
  // One turn on its way through the threads.
  struct Turn {
    ScrapeSettings settings;
    Timestamp timestamp;                 // of its samples
    std::chrono::nanoseconds started{};  // on the monotonic clock
  };
  // What came of a turn.
  struct Outcome {
    Status status;
    std::string warning;
    std::size_t samples = 0;
    std::size_t series_added = 0;
    std::chrono::nanoseconds duration{};
  };

  void Schedule(Timestamp now, std::uint64_t chain) EXCLUDES(mu_);
  void OnSlot(Timestamp slot, std::uint64_t chain) EXCLUDES(mu_);
  void SendRequest(const Turn& turn);
  void OnAnswer(const Turn& turn, HttpClientResult answer) EXCLUDES(mu_);
  void GiveUpTurn(std::string_view why) EXCLUDES(mu_);

  void Ingest(const Turn& turn, const HttpClientResult& answer) EXCLUDES(mu_);
  Outcome ReadAnswer(const Turn& turn, const HttpClientResult& answer, SampleBatch* batch,
                     PageReport* page);
  void AddSyntheticSamples(const Turn& turn, const Outcome& outcome, SampleBatch* batch) const;
  // Returns what the store did not take, in words.
  std::string AppendToStore(const SampleBatch& batch, const PageReport& page);
  void FinishTurn(const Turn& turn, const Outcome& outcome) EXCLUDES(mu_);
  void LogChange(TargetHealth before, const Outcome& outcome) const;

  void ScheduleEnd(Timestamp when, Timestamp retired_at);
  void OnEnd(Timestamp retired_at) EXCLUDES(mu_);
  void EndSeries(Timestamp retired_at) EXCLUDES(mu_);

  // Constant after construction.
  const std::shared_ptr<ScrapeContext> context_;
  const Target target_;
  const Labels offset_seed_;
  const std::vector<Labels> synthetic_;  // in the order of kSyntheticNames

  // Of whoever carries the turn.
  ScrapeCache cache_;
  std::optional<bool> cached_honor_labels_;  // how the cached lines were made

  mutable Mutex mu_;
  ScrapeSettings settings_ GUARDED_BY(mu_);
  // Timers of an earlier chain, which was given up but could not be cancelled any more, do nothing.
  std::uint64_t chain_ GUARDED_BY(mu_) = 0;
  TimerQueue::Id timer_ GUARDED_BY(mu_) = 0;
  bool running_ GUARDED_BY(mu_) = false;
  bool retired_ GUARDED_BY(mu_) = false;
  TargetStatus status_ GUARDED_BY(mu_);
};

}  // namespace tocsin::scrape
