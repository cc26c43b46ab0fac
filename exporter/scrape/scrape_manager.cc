#include "exporter/scrape/scrape_manager.h"

namespace tocsin::scrape {
namespace {

// Names a target. NUL stands in no job name, URL or label that the configuration accepts.
std::string Key(const Target& target) {
  std::string key = target.job;
  key += '\0';
  key += target.url;
  key += '\0';
  key += target.labels.view().bytes();
  return key;
}

}  // namespace

ScrapeManager::ScrapeManager(SampleSink& sink, HttpClient& http, TimerQueue& timers,
                             Executor& ingest_pool, const Clock& clock, const Logger& log,
                             MetricRegistry& metrics)
    : context_(new ScrapeContext{
          sink, http, timers, ingest_pool, clock, log, ScrapeMetrics(metrics), {}}) {}

ScrapeManager::~ScrapeManager() { Stop(); }

void ScrapeManager::Apply(const std::vector<config::ScrapeJob>& jobs,
                          const Labels& external_labels) {
  const Timestamp now = context_->clock.Now();
  Loops loops;
  LoopsByKey by_key;
  for (const config::ScrapeJob& job : jobs) {
    const ScrapeSettings settings = MakeSettings(job);
    for (Target& target : MakeTargets(job)) {
      const std::string key = Key(target);
      if (by_key.count(key) != 0) continue;  // listed twice
      const auto known = by_key_.find(key);
      std::shared_ptr<ScrapeLoop> loop =
          known != by_key_.end()
              ? known->second
              : std::make_shared<ScrapeLoop>(context_, std::move(target), external_labels);
      loop->Configure(settings, now);
      by_key.emplace(key, loop);
      loops.push_back(std::move(loop));
    }
  }
  for (const auto& [key, loop] : by_key_) {
    if (by_key.count(key) == 0) loop->Retire(now);
  }
  by_key_ = std::move(by_key);
  context_->metrics.targets.Set(static_cast<double>(loops.size()));
  MutexLock lock(mu_);
  loops_.swap(loops);
}

void ScrapeManager::Stop() {
  context_->gate.Close();
  for (const auto& [key, loop] : by_key_) loop->Halt();
  by_key_.clear();
}

std::vector<TargetStatus> ScrapeManager::Targets() const {
  Loops loops;
  {
    MutexLock lock(mu_);
    loops = loops_;
  }
  std::vector<TargetStatus> all;
  all.reserve(loops.size());
  for (const auto& loop : loops) all.push_back(loop->status());
  return all;
}

}  // namespace tocsin::scrape
