#include "exporter/intake/push_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace tocsin::intake {
namespace {

// As the Pushgateway's messages spell them.
std::string_view TypeWord(MetricType type) {
  switch (type) {
    case MetricType::kUnknown:
      return "UNTYPED";
    case MetricType::kCounter:
      return "COUNTER";
    case MetricType::kGauge:
      return "GAUGE";
    case MetricType::kHistogram:
      return "HISTOGRAM";
    case MetricType::kGaugeHistogram:
      return "GAUGE_HISTOGRAM";
    case MetricType::kSummary:
      return "SUMMARY";
    case MetricType::kInfo:
      return "INFO";
    case MetricType::kStateSet:
      return "STATESET";
  }
  return "UNTYPED";
}

std::size_t IndexOf(MetricType type) { return static_cast<std::size_t>(type); }

std::vector<std::string_view> ReservedEndings(MetricType type) {
  if (type == MetricType::kHistogram) return {"_bucket", "_sum", "_count"};
  if (type == MetricType::kSummary) return {"_sum", "_count"};
  return {};
}

std::optional<MetricType> TypeIn(const PushedFamilies& families, std::string_view name) {
  const auto found = families.find(name);
  if (found == families.end()) return std::nullopt;
  return found->second->metadata.type;
}

std::string_view BytesOf(const PushedFamily::Series& series) {
  return series.labels.view().bytes();
}

PushOutcome Twice(const PushedFamily::Series& series) {
  return Inconsistent(
      fmt::format("collected metric {} was collected before with the same name and label values",
                  DescribeSeries(series.labels)));
}

}  // namespace

PushIndex::TypeSet PushIndex::TypesOf(std::string_view name, const PushChange& change) const {
  TypeSet types{};
  if (const auto own = own_.find(std::string(name)); own != own_.end()) {
    types.at(IndexOf(own->second)) = true;
  }
  const auto found = names_.find(std::string(name));
  if (found == names_.end()) return types;
  std::array<std::uint32_t, kTypes> holders = found->second.holders_by_type;
  if (const std::optional<MetricType> removed = TypeIn(change.removed, name)) {
    --holders.at(IndexOf(*removed));
  }
  for (std::size_t i = 0; i < kTypes; ++i) types.at(i) |= holders.at(i) > 0;
  return types;
}

PushOutcome PushIndex::CheckType(const PushedFamily& family, const PushChange& change) const {
  const TypeSet held = TypesOf(family.metadata.name, change);
  for (std::size_t i = 0; i < kTypes; ++i) {
    if (!held.at(i) || i == IndexOf(family.metadata.type)) continue;
    return Inconsistent(fmt::format("collected metric {} is not a {}",
                                    DescribeSeries(family.series.front().labels),
                                    TypeWord(static_cast<MetricType>(i))));
  }
  return {};
}

// The lines of a histogram x are named x_bucket, x_sum and x_count: nobody else's may be.
PushOutcome PushIndex::CheckReservedNames(const PushedFamily& family,
                                          const PushChange& change) const {
  const auto refuse = [&](std::string_view part, std::string_view whole) {
    return Inconsistent(fmt::format(
        "metric name {} is taken: it is part of the histogram or summary {}", part, whole));
  };
  const std::string& name = family.metadata.name;
  for (std::string_view ending : ReservedEndings(family.metadata.type)) {
    const std::string part = name + std::string(ending);
    const TypeSet held = TypesOf(part, change);
    if (std::count(held.begin(), held.end(), true) > 0 || TypeIn(change.added, part)) {
      return refuse(part, name);
    }
  }
  for (const MetricType whole_type : {MetricType::kHistogram, MetricType::kSummary}) {
    for (std::string_view ending : ReservedEndings(whole_type)) {
      if (!name.ends_with(ending)) continue;
      const std::string_view whole = std::string_view(name).substr(0, name.size() - ending.size());
      if (TypesOf(whole, change).at(IndexOf(whole_type)) ||
          TypeIn(change.added, whole) == whole_type) {
        return refuse(name, whole);
      }
    }
  }
  return {};
}

PushOutcome PushIndex::CheckSeries(const PushChange& change) const {
  std::unordered_set<std::string_view, LabelBytesHash> added;
  for (const auto& [name, family] : change.added) {
    for (const PushedFamily::Series& series : family->series) {
      if (!added.insert(BytesOf(series)).second) return Twice(series);
      const auto holder = holders_.find(BytesOf(series));
      if (holder != holders_.end() && !IsRemoved(*holder->second, change)) {
        return Twice(series);
      }
    }
  }
  return {};
}

PushOutcome PushIndex::Check(const PushChange& change) const {
  for (const auto& [name, family] : change.added) {
    if (PushOutcome type = CheckType(*family, change); !type.ok()) return type;
    if (PushOutcome names = CheckReservedNames(*family, change); !names.ok()) return names;
  }
  return CheckSeries(change);
}

bool PushIndex::IsRemoved(const PushedFamily& family, const PushChange& change) {
  const auto found = change.removed.find(family.metadata.name);
  return found != change.removed.end() && found->second.get() == &family;
}

void PushIndex::AddName(const PushedFamily& family, PushChange* change) {
  Name& name = names_[family.metadata.name];
  const std::uint32_t replaced = change->removed.count(family.metadata.name) > 0 ? 1 : 0;
  const bool others = std::accumulate(name.holders_by_type.begin(), name.holders_by_type.end(),
                                      std::uint32_t{0}) > replaced;
  ++name.holders_by_type.at(IndexOf(family.metadata.type));
  if (!others) {
    name.help = family.metadata.help;
  } else if (name.help != family.metadata.help && !name.help_conflict_told) {
    name.help_conflict_told = true;
    change->help_conflicts.push_back(family.metadata.name);
  }
}

void PushIndex::RemoveName(const PushedFamily& family) {
  const auto found = names_.find(family.metadata.name);
  std::array<std::uint32_t, kTypes>& holders = found->second.holders_by_type;
  --holders.at(IndexOf(family.metadata.type));
  if (std::all_of(holders.begin(), holders.end(), [](std::uint32_t n) { return n == 0; })) {
    names_.erase(found);
  }
}

void PushIndex::RemoveSeriesHeldBy(const PushedFamily& family) {
  for (const PushedFamily::Series& series : family.series) {
    const auto found = holders_.find(BytesOf(series));
    if (found != holders_.end() && found->second == &family) holders_.erase(found);
  }
}

void PushIndex::Reserve(PushChange* change) {
  std::unordered_set<std::string_view, LabelBytesHash> added;
  for (const auto& [name, family] : change->added) {
    AddName(*family, change);
    for (const PushedFamily::Series& series : family->series) {
      const bool fresh = holders_.try_emplace(BytesOf(series), family.get()).second;
      (fresh ? change->fresh : change->known).push_back(&series);
      if (!change->removed.empty()) added.insert(BytesOf(series));
    }
  }
  for (const auto& [name, family] : change->removed) {
    for (const PushedFamily::Series& series : family->series) {
      if (added.count(BytesOf(series)) == 0) change->vanished.push_back(&series);
    }
  }
}

void PushIndex::Commit(const PushChange& change) {
  for (const auto& [name, family] : change.removed) {
    RemoveName(*family);
    RemoveSeriesHeldBy(*family);
  }
  // What both held was the removed family's until now.
  for (const auto& [name, family] : change.added) {
    for (const PushedFamily::Series& series : family->series) {
      holders_.try_emplace(BytesOf(series), family.get());
    }
  }
}

void PushIndex::Abort(const PushChange& change) {
  for (const auto& [name, family] : change.added) {
    RemoveName(*family);
    RemoveSeriesHeldBy(*family);
  }
}

}  // namespace tocsin::intake
