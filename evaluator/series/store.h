// The series store: the newest hour or so of every series, in memory, and the place where samples
// meet the watches that look at them.
//
// Sharded by label hash; each shard has a lock, held for the few hundred nanoseconds an append
// takes. Any thread may append or query. Samples of a series are kept in time order; a series ends
// with a stale marker or when it has been silent for longer than the retention, and then goes away.
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/querier.h"
#include "base/sample.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

class Series;

struct StoreLimits {
  std::size_t max_series = 1'000'000;
  Duration retention{std::chrono::hours(1)};
};

class SeriesStore final : public SampleSink, public Querier, public prometheus::Collectable {
 public:
  // `signals` and `metrics` outlive the store.
  SeriesStore(StoreLimits limits, SignalSink& signals, MetricRegistry& metrics);
  ~SeriesStore() override;
  SeriesStore(const SeriesStore&) = delete;
  SeriesStore& operator=(const SeriesStore&) = delete;

  AppendReport Append(const SampleBatch& batch, Timestamp now) override;

  std::vector<SeriesSamples> Select(const std::vector<Matcher>& matchers, Timestamp from,
                                    Timestamp to) const override;
  std::vector<SeriesSamples> Latest(const std::vector<Matcher>& matchers,
                                    Timestamp not_before) const override;
  std::optional<FamilyMetadata> Metadata(std::string_view family) const override;

  // From now on series get their watches from `maker`. A watch that is new on a series sees the
  // series' newest sample at once, so that a changed rule is judged by what is known.
  void SetWatchMaker(std::shared_ptr<const WatchMaker> maker, Timestamp now);

  // Takes effect at once for new series and at the next Prune.
  void SetLimits(StoreLimits limits);

  // Forgets what is older than the retention; called every now and then by a timer.
  void Prune(Timestamp now);

  // What it counts beside the registry it was given: tocsin_samples_appended_total. Any thread.
  std::vector<prometheus::MetricFamily> Collect() const override;

  std::size_t series_count() const { return series_count_.load(std::memory_order_relaxed); }

 private:
  struct Shard;
  struct Metrics;
  static constexpr std::size_t kShards = 64;

  Shard& ShardOf(std::uint64_t hash) const;
  // Nothing for a new series beyond the cap.
  bool TakePlaceForSeries() const;
  void AddMetadata(const std::vector<FamilyMetadata>& metadata);
  // As it was spelt by whoever made the series; empty where that is not known. May be called with a
  // shard locked.
  std::string OriginalName(const Series& series) const;
  template <typename Visit>
  void ForEachMatch(const std::vector<Matcher>& matchers, Visit visit) const;

  SignalSink& signals_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Shard[]> shards_;
  mutable std::atomic<std::size_t> series_count_{0};
  std::atomic<std::size_t> max_series_;
  std::atomic<std::int64_t> retention_ms_;

  mutable Mutex metadata_mu_;
  std::map<std::string, FamilyMetadata, std::less<>> metadata_ GUARDED_BY(metadata_mu_);
};

}  // namespace tocsin::evaluator
