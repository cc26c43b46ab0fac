// ScrapeManager: keeps one ScrapeLoop for each target of the configuration.
//
// Owned by the daemon. Apply() and Stop() are called by the thread that reloads; Targets() by any.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timer_queue.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "exporter/scrape/scrape_loop.h"

namespace tocsin::scrape {

class ScrapeManager {
 public:
  // What is handed over must outlive Stop(); the answers of requests that are under way then are
  // dropped. Pages are read on `ingest_pool`: where it has no room, a page is dropped and counted.
  ScrapeManager(SampleSink& sink, HttpClient& http, TimerQueue& timers, Executor& ingest_pool,
                const Clock& clock, const Logger& log, MetricRegistry& metrics);
  ~ScrapeManager();
  ScrapeManager(const ScrapeManager&) = delete;
  ScrapeManager& operator=(const ScrapeManager&) = delete;

  // From now on these are the targets. Those that were there go on with their state, also under
  // changed settings; those that are gone are marked stale. Cannot fail. External labels shift the
  // slots of new targets, so that two instances do not scrape a target at the same moment.
  void Apply(const std::vector<config::ScrapeJob>& jobs, const Labels& external_labels)
      EXCLUDES(mu_);

  // Ends scraping without marking anything stale; when it returns, nothing of it runs any more, and
  // nothing will. Idempotent.
  void Stop() EXCLUDES(mu_);

  // In the order of the configuration.
  std::vector<TargetStatus> Targets() const EXCLUDES(mu_);

 private:
  using Loops = std::vector<std::shared_ptr<ScrapeLoop>>;
  using LoopsByKey = std::unordered_map<std::string, std::shared_ptr<ScrapeLoop>>;

  const std::shared_ptr<ScrapeContext> context_;

  // The reloading thread only.
  LoopsByKey by_key_;

  mutable Mutex mu_;
  Loops loops_ GUARDED_BY(mu_);
};

}  // namespace tocsin::scrape
