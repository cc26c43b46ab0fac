#include "evaluator/series/store.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/number.h"
#include "evaluator/series/series.h"
#include "evaluator/series/series_table.h"

namespace tocsin::evaluator {

namespace {

constexpr std::array<const char*, 5> kOrigins = {"host", "push", "json", "scrape", "self"};

}  // namespace

struct SeriesStore::Shard {
  Series* Create(LabelsView labels, const SampleBatch::Item& item, Origin origin)
      REQUIRES_LOCK(mu) {
    Series::Pointer series = Series::Make(labels, item.spelling, origin);
    if (maker) series->SetWatches(maker->Make(labels, {}));
    Series* const created = table.Insert(std::move(series), item.hash);
    by_name[std::string(labels.metric_name())].push_back(created);
    return created;
  }

  mutable Mutex mu;
  SeriesTable table GUARDED_BY(mu);
  std::array<std::uint64_t, kOrigins.size()> appended GUARDED_BY(mu){};  // by origin
  // Every series of a metric name: what nearly every query asks for first.
  std::unordered_map<std::string, std::vector<Series*>> by_name GUARDED_BY(mu);
  std::shared_ptr<const WatchMaker> maker GUARDED_BY(mu);
};

struct SeriesStore::Metrics {
  explicit Metrics(MetricRegistry& registry)
      : series(GaugeFamily(registry, "tocsin_series", "Series held in memory.").Add({})),
        watched_nan(CounterFamily(registry, "tocsin_rule_nan_samples_total",
                                  "Samples of series with rules that are not a number: such a "
                                  "sample neither violates nor recovers.")
                        .Add({})) {
    auto& refused_family =
        CounterFamily(registry, "tocsin_samples_refused_total", "Samples not stored, by reason.");
    for (std::size_t i = 0; i < refused.size(); ++i) {
      const std::string name(RefusalName(static_cast<Refusal>(i)));
      refused.at(i) = &refused_family.Add({{"reason", name}});
    }
  }

  prometheus::Gauge& series;
  prometheus::Counter& watched_nan;
  std::array<prometheus::Counter*, 4> refused{};
};

namespace {

bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
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
  // Rather than signals.empty(): the vector's ends, read together here and written apart above,
  // would wait for every store in between, and those go to memory that no cache holds (measured:
  // two fifths of an append).
  bool signalled = false;
  Signal signal;
  if (!batch.metadata().empty()) AddMetadata(batch.metadata());

  const auto origin = static_cast<std::size_t>(batch.origin());
  const std::vector<SampleBatch::Item>& items = batch.items();
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const SampleBatch::Item& item = items[i];
    Shard& shard = ShardOf(item.hash);
    MutexLock lock(shard.mu);
    Series* series = shard.table.Find(batch.labels(item), item.hash);
    if (series == nullptr) {
      if (!TakePlaceForSeries()) {
        report.refused.push_back({i, Refusal::kTooManySeries});
        continue;
      }
      series = shard.Create(batch.labels(item), item, batch.origin());
      ++report.new_series;
    } else if (series->spelling() != item.spelling) {
      report.refused.push_back({i, Refusal::kNameTaken, OriginalName(*series)});
      continue;
    }
    if (series->empty() || item.sample.timestamp > series->newest().timestamp) {
      series->Append(item.sample, batch.origin());
    } else if (item.sample.timestamp < series->newest().timestamp) {
      report.refused.push_back({i, Refusal::kOutOfOrder});
      continue;
    } else if (batch.same_time() == SameTime::kRefuse &&
               !SameBits(item.sample.value, series->newest().value)) {
      report.refused.push_back({i, Refusal::kDuplicate});
      continue;
    } else {
      series->ReplaceNewest(item.sample, batch.origin());
    }
    ++report.accepted;
    ++shard.appended[origin];
    if (series->watches() == nullptr) continue;
    if (std::isnan(item.sample.value) && !IsStaleNan(item.sample.value)) {
      metrics_->watched_nan.Increment();
    }
    for (const std::shared_ptr<Watch>& watch : *series->watches()) {
      if (!watch->OnSample(item.sample, now, &signal)) continue;
      signal.watch = watch;
      signals.push_back(std::move(signal));
      signalled = true;
    }
  }

  for (const AppendReport::Refused& refused : report.refused) {
    metrics_->refused.at(static_cast<std::size_t>(refused.why))->Increment();
  }
  if (report.new_series > 0) metrics_->series.Set(static_cast<double>(series_count()));
  if (signalled) signals_.Take(std::move(signals));
  return report;
}

// Summed here rather than counted in the registry: an atomic counter would cost an append a fifth
// of its time (measured with perf).
std::vector<prometheus::MetricFamily> SeriesStore::Collect() const {
  prometheus::MetricFamily family;
  family.name = "tocsin_samples_appended_total";
  family.help = "Samples stored, by what brought them.";
  family.type = prometheus::MetricType::Counter;
  family.metric.resize(kOrigins.size());
  for (std::size_t origin = 0; origin < kOrigins.size(); ++origin) {
    family.metric[origin].label = {{"origin", kOrigins.at(origin)}};
  }
  for (std::size_t i = 0; i < kShards; ++i) {
    MutexLock lock(shards_[i].mu);
    for (std::size_t origin = 0; origin < kOrigins.size(); ++origin) {
      family.metric[origin].counter.value += static_cast<double>(shards_[i].appended.at(origin));
    }
  }
  return {std::move(family)};
}

template <typename Visit>
void SeriesStore::ForEachMatch(const std::vector<Matcher>& matchers, Visit visit) const {
  const std::string name(FixedName(matchers));
  for (std::size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    MutexLock lock(shard.mu);
    const auto look = [&](const Series& series) {
      if (!series.empty() && MatchesAll(matchers, series.labels())) visit(series);
    };
    if (!name.empty()) {
      const auto found = shard.by_name.find(name);
      if (found == shard.by_name.end()) continue;
      for (const Series* series : found->second) look(*series);
    } else {
      shard.table.ForEach(look);
    }
  }
}

std::vector<SeriesSamples> SeriesStore::Select(const std::vector<Matcher>& matchers, Timestamp from,
                                               Timestamp to) const {
  std::vector<SeriesSamples> selected;
  if (to <= from) return selected;
  ForEachMatch(matchers, [&](const Series& series) {
    std::vector<Sample> samples;
    series.CopyRange(from, to, &samples);
    if (samples.empty()) return;
    selected.push_back({Labels(series.labels()), series.origin(), std::move(samples)});
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
    selected.push_back({Labels(series.labels()), series.origin(), {newest}});
  });
  SortByLabels(&selected);
  return selected;
}

void SeriesStore::AddMetadata(const std::vector<FamilyMetadata>& metadata) {
  MutexLock lock(metadata_mu_);
  const std::size_t max_families = max_series_.load(std::memory_order_relaxed);
  for (const FamilyMetadata& family : metadata) {
    // A sender of ever new names is refused its series and must not fill the memory this way
    // either.
    if (metadata_.size() >= max_families && metadata_.count(family.name) == 0) continue;
    metadata_.insert_or_assign(family.name, family);
  }
}

// Series of one family may be of several spellings; the family remembers the latest.
std::string SeriesStore::OriginalName(const Series& series) const {
  const std::string_view stored = series.labels().metric_name();
  if (series.spelling() == 0) return std::string(stored);
  const std::optional<FamilyMetadata> family = Metadata(stored);
  const bool is_its_own = family && SpellingOf(family->original_name) == series.spelling();
  return is_its_own ? family->original_name : "";
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
    shard.table.ForEach([&](Series& series) {
      static const Watches kNone;
      const Watches& current = series.watches() != nullptr ? *series.watches() : kNone;
      Watches next = maker->Make(series.labels(), current);
      for (const std::shared_ptr<Watch>& watch : next) {
        const bool kept = std::find(current.begin(), current.end(), watch) != current.end();
        Signal signal;
        if (kept || series.empty() || !watch->OnAttach(series.newest(), now, &signal)) continue;
        signal.watch = watch;
        signals.push_back(std::move(signal));
      }
      series.SetWatches(std::move(next));
    });
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
    const auto is_over = [](const Series& series) { return series.empty(); };
    shard.table.ForEach([oldest](Series& series) { series.Trim(oldest); });
    for (auto name = shard.by_name.begin(); name != shard.by_name.end();) {
      std::erase_if(name->second, [&is_over](const Series* series) { return is_over(*series); });
      name = name->second.empty() ? shard.by_name.erase(name) : std::next(name);
    }
    const std::size_t over = shard.table.EraseIf(is_over);
    series_count_.fetch_sub(over, std::memory_order_relaxed);
  }
  metrics_->series.Set(static_cast<double>(series_count()));
}

}  // namespace tocsin::evaluator
