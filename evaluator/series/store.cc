#include "evaluator/series/store.h"

#include <bit>

#include "base/number.h"

namespace tocsin::evaluator {

// Samples lie in one growing vector: appending is a push_back, a range is a binary search, and Prune
// cuts the front. The compressed chunks that will replace it keep this interface.
struct SeriesStore::Series {
  Labels labels;
  Origin origin = Origin::kJson;
  std::uint32_t spelling = 0;  // of the name that made it (base/sample.h)
  std::vector<Sample> samples;
  std::vector<std::shared_ptr<Watch>> watches;
  std::unique_ptr<Series> next;  // another series with the same 64-bit hash

  const Sample& newest() const { return samples.back(); }
};

struct SeriesStore::Shard {
  Series* Find(LabelsView labels, std::uint64_t hash) const REQUIRES_LOCK(mu) {
    const auto found = by_hash.find(hash);
    if (found == by_hash.end()) return nullptr;
    Series* series = found->second.get();
    while (series != nullptr && series->labels.view() != labels) series = series->next.get();
    return series;
  }

  Series* Create(LabelsView labels, const SampleBatch::Item& item) REQUIRES_LOCK(mu) {
    auto series = std::make_unique<Series>();
    series->labels = Labels(labels);
    series->spelling = item.spelling;
    if (maker) series->watches = maker->Make(labels, {});
    Series* const created = series.get();
    std::unique_ptr<Series>& slot = by_hash[item.hash];
    series->next = std::move(slot);
    slot = std::move(series);
    by_name[std::string(labels.metric_name())].push_back(created);
    return created;
  }

  mutable Mutex mu;
  std::unordered_map<std::uint64_t, std::unique_ptr<Series>> by_hash GUARDED_BY(mu);
  // Every series of a metric name: what nearly every query asks for first.
  std::unordered_map<std::string, std::vector<Series*>> by_name GUARDED_BY(mu);
  std::shared_ptr<const WatchMaker> maker GUARDED_BY(mu);
};

struct SeriesStore::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : series(GaugeFamily(registry, "tocsin_series", "Series held in memory.").Add({})) {
    auto& appended = CounterFamily(registry, "tocsin_samples_appended_total",
                                   "Samples stored, by what brought them.");
    constexpr std::array<const char*, 5> kOrigins = {"host", "push", "json", "scrape", "self"};
    for (std::size_t i = 0; i < kOrigins.size(); ++i) {
      appended_by_origin.at(i) = &appended.Add({{"origin", kOrigins.at(i)}});
    }
    auto& refused_family =
        CounterFamily(registry, "tocsin_samples_refused_total", "Samples not stored, by reason.");
    for (std::size_t i = 0; i < refused.size(); ++i) {
      const std::string name(RefusalName(static_cast<Refusal>(i)));
      refused.at(i) = &refused_family.Add({{"reason", name}});
    }
  }

  prometheus::Gauge& series;
  std::array<prometheus::Counter*, 5> appended_by_origin{};
  std::array<prometheus::Counter*, 4> refused{};
};

namespace {

bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Samples are in time order.
std::vector<Sample>::const_iterator FirstAfter(const std::vector<Sample>& samples, Timestamp t) {
  return std::upper_bound(samples.begin(), samples.end(), t,
                          [](Timestamp at, const Sample& s) { return at < s.timestamp; });
}

// The name that a matcher fixes, so that only its series are looked at; empty where none does.
std::string_view FixedName(const std::vector<Matcher>& matchers) {
  for (const Matcher& m : matchers) {
    if (m.op() == Matcher::Op::kEqual && m.name() == kMetricNameLabel) return m.value();
  }
  return {};
}

void SortByLabels(std::vector<SeriesSamples>* series) {
  std::sort(series->begin(), series->end(),
            [](const SeriesSamples& a, const SeriesSamples& b) { return a.labels < b.labels; });
}

}  // namespace

SeriesStore::SeriesStore(StoreLimits limits, SignalSink& signals, MetricRegistry& metrics)
    : signals_(signals),
      metrics_(std::make_unique<Metrics>(metrics)),
      shards_(std::make_unique<Shard[]>(kShards)),
      max_series_(limits.max_series),
      retention_ms_(limits.retention.count()) {}

SeriesStore::~SeriesStore() = default;

SeriesStore::Shard& SeriesStore::ShardOf(std::uint64_t hash) const {
  return shards_[hash % kShards];
}

bool SeriesStore::TakePlaceForSeries() const {
  if (series_count_.fetch_add(1, std::memory_order_relaxed) <
      max_series_.load(std::memory_order_relaxed)) {
    return true;
  }
  series_count_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

AppendReport SeriesStore::Append(const SampleBatch& batch, Timestamp now) {
  AppendReport report;
  std::vector<Signal> signals;
  Signal signal;
  if (!batch.metadata().empty()) AddMetadata(batch.metadata());

  const std::vector<SampleBatch::Item>& items = batch.items();
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const SampleBatch::Item& item = items[i];
    Shard& shard = ShardOf(item.hash);
    MutexLock lock(shard.mu);
    Series* series = shard.Find(batch.labels(item), item.hash);
    if (series == nullptr) {
      if (!TakePlaceForSeries()) {
        report.refused.push_back({i, Refusal::kTooManySeries});
        continue;
      }
      series = shard.Create(batch.labels(item), item);
      ++report.new_series;
    } else if (series->spelling != item.spelling) {
      report.refused.push_back({i, Refusal::kNameTaken});
      continue;
    }
    if (series->samples.empty() || item.sample.timestamp > series->newest().timestamp) {
      series->samples.push_back(item.sample);
    } else if (item.sample.timestamp < series->newest().timestamp) {
      report.refused.push_back({i, Refusal::kOutOfOrder});
      continue;
    } else if (!SameBits(item.sample.value, series->newest().value)) {
      if (batch.same_time() == SameTime::kRefuse) {
        report.refused.push_back({i, Refusal::kDuplicate});
        continue;
      }
      series->samples.back() = item.sample;
    }
    series->origin = batch.origin();
    ++report.accepted;
    for (const std::shared_ptr<Watch>& watch : series->watches) {
      if (!watch->OnSample(item.sample, now, &signal)) continue;
      signal.watch = watch;
      signals.push_back(std::move(signal));
    }
  }

  metrics_->appended_by_origin.at(static_cast<std::size_t>(batch.origin()))
      ->Increment(static_cast<double>(report.accepted));
  for (const AppendReport::Refused& refused : report.refused) {
    metrics_->refused.at(static_cast<std::size_t>(refused.why))->Increment();
  }
  if (report.new_series > 0) metrics_->series.Set(static_cast<double>(series_count()));
  if (!signals.empty()) signals_.Take(std::move(signals));
  return report;
}

template <typename Visit>
void SeriesStore::ForEachMatch(const std::vector<Matcher>& matchers, Visit visit) const {
  const std::string name(FixedName(matchers));
  for (std::size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    MutexLock lock(shard.mu);
    const auto look = [&](const Series& series) {
      if (!series.samples.empty() && MatchesAll(matchers, series.labels)) visit(series);
    };
    if (!name.empty()) {
      const auto found = shard.by_name.find(name);
      if (found == shard.by_name.end()) continue;
      for (const Series* series : found->second) look(*series);
    } else {
      for (const auto& [hash, first] : shard.by_hash) {
        for (const Series* s = first.get(); s != nullptr; s = s->next.get()) look(*s);
      }
    }
  }
}

std::vector<SeriesSamples> SeriesStore::Select(const std::vector<Matcher>& matchers, Timestamp from,
                                               Timestamp to) const {
  std::vector<SeriesSamples> selected;
  if (to <= from) return selected;
  ForEachMatch(matchers, [&](const Series& series) {
    std::vector<Sample> samples(FirstAfter(series.samples, from), FirstAfter(series.samples, to));
    if (!samples.empty()) selected.push_back({series.labels, series.origin, std::move(samples)});
  });
  SortByLabels(&selected);
  return selected;
}

std::vector<SeriesSamples> SeriesStore::Latest(const std::vector<Matcher>& matchers,
                                               Timestamp not_before) const {
  std::vector<SeriesSamples> selected;
  ForEachMatch(matchers, [&](const Series& series) {
    const Sample& newest = series.newest();
    if (newest.timestamp < not_before || IsStaleNan(newest.value)) return;
    selected.push_back({series.labels, series.origin, {newest}});
  });
  SortByLabels(&selected);
  return selected;
}

void SeriesStore::AddMetadata(const std::vector<FamilyMetadata>& metadata) {
  MutexLock lock(metadata_mu_);
  for (const FamilyMetadata& family : metadata) metadata_.insert_or_assign(family.name, family);
}

std::optional<FamilyMetadata> SeriesStore::Metadata(std::string_view family) const {
  MutexLock lock(metadata_mu_);
  const auto found = metadata_.find(family);
  if (found == metadata_.end()) return std::nullopt;
  return found->second;
}

void SeriesStore::SetWatchMaker(std::shared_ptr<const WatchMaker> maker, Timestamp now) {
  std::vector<Signal> signals;
  for (std::size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    MutexLock lock(shard.mu);
    shard.maker = maker;
    for (auto& [hash, first] : shard.by_hash) {
      for (Series* s = first.get(); s != nullptr; s = s->next.get()) {
        std::vector<std::shared_ptr<Watch>> next = maker->Make(s->labels, s->watches);
        for (const std::shared_ptr<Watch>& watch : next) {
          const bool kept =
              std::find(s->watches.begin(), s->watches.end(), watch) != s->watches.end();
          Signal signal;
          if (kept || s->samples.empty() || !watch->OnAttach(s->newest(), now, &signal)) continue;
          signal.watch = watch;
          signals.push_back(std::move(signal));
        }
        s->watches = std::move(next);
      }
    }
  }
  if (!signals.empty()) signals_.Take(std::move(signals));
}

void SeriesStore::SetLimits(StoreLimits limits) {
  max_series_.store(limits.max_series, std::memory_order_relaxed);
  retention_ms_.store(limits.retention.count(), std::memory_order_relaxed);
}

void SeriesStore::Prune(Timestamp now) {
  const Timestamp oldest = now - Duration(retention_ms_.load(std::memory_order_relaxed));
  for (std::size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    MutexLock lock(shard.mu);
    for (auto it = shard.by_hash.begin(); it != shard.by_hash.end();) {
      // Walks the chain by the slot that owns each link, so that a link can be cut out.
      for (std::unique_ptr<Series>* slot = &it->second; *slot != nullptr;) {
        Series& series = **slot;
        std::vector<Sample>& samples = series.samples;
        samples.erase(samples.begin(), FirstAfter(samples, oldest));
        if (!samples.empty()) {
          slot = &series.next;
          continue;
        }
        const auto name = shard.by_name.find(std::string(series.labels.metric_name()));
        std::erase(name->second, &series);
        if (name->second.empty()) shard.by_name.erase(name);
        *slot = std::move(series.next);
        series_count_.fetch_sub(1, std::memory_order_relaxed);
      }
      it = it->second == nullptr ? shard.by_hash.erase(it) : std::next(it);
    }
  }
  metrics_->series.Set(static_cast<double>(series_count()));
}

}  // namespace tocsin::evaluator
