#include "exporter/intake/push_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tocsin::intake {
namespace {

std::size_t CountSeries(const PushedFamilies& families) {
  std::size_t n = 0;
  for (const auto& [name, family] : families) n += family->series.size();
  return n;
}

// Those of `held` that the pushed ones take the place of.
PushedFamilies Replaced(const PushedFamilies& held, PushMode mode, const PushedFamilies& pushed) {
  if (mode == PushMode::kReplaceGroup) return held;
  PushedFamilies replaced;
  for (const auto& [name, family] : pushed) {
    if (const auto found = held.find(name); found != held.end()) replaced.insert(*found);
  }
  return replaced;
}

}  // namespace

void PushTable::SetOwnTypes(std::unordered_map<std::string, MetricType> types) {
  MutexLock lock(mu_);
  index_.SetOwnTypes(std::move(types));
}

PushTable::Plan PushTable::PlanFor(const Labels& group, Timestamp now) const {
  Plan plan;
  plan.stamp = now;
  const auto found = groups_.find(group);
  plan.group_is_new = found == groups_.end();
  if (!plan.group_is_new) {
    plan.times = found->second.times;
    plan.stamp = std::max(now, found->second.last_stamp);
    plan.series = found->second.series;
  }
  return plan;
}

PushOutcome PushTable::Reserve(const Labels& group, PushMode mode, PushedFamilies families,
                               Timestamp now, Plan* plan) {
  MutexLock lock(mu_);
  *plan = PlanFor(group, now);
  plan->times.pushed_ms = ToUnixMillis(now);
  if (!plan->group_is_new) {
    plan->change.removed = Replaced(groups_.at(group).families, mode, families);
  }
  plan->change.added = std::move(families);
  plan->series += CountSeries(plan->change.added);
  plan->series -= CountSeries(plan->change.removed);
  if (plan->series > series_per_group_) {
    return {PushTrouble::kLimit, fmt::format("limit series_per_group ({}) exceeded: {}",
                                             series_per_group_, plan->series)};
  }
  PushOutcome outcome = index_.Check(plan->change);
  if (outcome.ok()) index_.Reserve(&plan->change);
  return outcome;
}

void PushTable::CommitLocked(const Labels& group, const Plan& plan) {
  index_.Commit(plan.change);
  Group& changed = groups_[group];
  for (const auto& [name, family] : plan.change.removed) changed.families.erase(name);
  for (const auto& [name, family] : plan.change.added) changed.families.emplace(name, family);
  changed.times = plan.times;
  changed.series = plan.series;
  changed.last_stamp = plan.stamp;
}

void PushTable::Commit(const Labels& group, const Plan& plan) {
  MutexLock lock(mu_);
  CommitLocked(group, plan);
}

void PushTable::Abort(const Plan& plan) {
  MutexLock lock(mu_);
  index_.Abort(plan.change);
}

PushTable::Plan PushTable::PlanFailure(const Labels& group, Timestamp now) const {
  MutexLock lock(mu_);
  Plan plan = PlanFor(group, now);
  plan.times.failed_ms = ToUnixMillis(now);
  return plan;
}

PushTable::Content PushTable::ContentOf(Group& group, Timestamp now) {
  group.last_stamp = std::max(now, group.last_stamp);
  group.samples_due = false;
  return {group.families, group.times, group.last_stamp};
}

std::optional<PushTable::Content> PushTable::Remove(const Labels& group, Timestamp now) {
  MutexLock lock(mu_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  Content content = ContentOf(found->second, now);
  PushChange change;
  change.removed = content.families;
  index_.Commit(change);
  groups_.erase(found);
  return content;
}

std::optional<PushTable::Content> PushTable::TakeSamples(const Labels& group, Timestamp now) {
  MutexLock lock(mu_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  return ContentOf(found->second, now);
}

void PushTable::MarkSamplesDue(const Labels& group) {
  MutexLock lock(mu_);
  if (const auto found = groups_.find(group); found != groups_.end()) {
    found->second.samples_due = true;
  }
}

bool PushTable::AreSamplesDue(const Labels& group) const {
  MutexLock lock(mu_);
  const auto found = groups_.find(group);
  return found != groups_.end() && found->second.samples_due;
}

PushOutcome PushTable::Restore(const Labels& group, const PushTimes& times,
                               PushedFamilies families) {
  MutexLock lock(mu_);
  Plan plan;
  plan.times = times;
  plan.series = CountSeries(families);
  plan.change.added = std::move(families);
  PushOutcome outcome = index_.Check(plan.change);
  if (!outcome.ok()) return outcome;
  index_.Reserve(&plan.change);
  CommitLocked(group, plan);
  return outcome;
}

std::vector<Labels> PushTable::Keys() const {
  MutexLock lock(mu_);
  std::vector<Labels> keys;
  keys.reserve(groups_.size());
  for (const auto& [key, group] : groups_) keys.push_back(key);
  return keys;
}

std::vector<PushedFamilyPtr> PushTable::AllFamilies() const {
  std::vector<PushedFamilyPtr> families;
  std::vector<std::pair<Labels, PushTimes>> times;
  {
    MutexLock lock(mu_);
    for (const auto& [key, group] : groups_) {
      for (const auto& [name, family] : group.families) families.push_back(family);
      times.emplace_back(key, group.times);
    }
  }
  for (const auto& [key, of_group] : times) {
    for (PushedFamilyPtr& family : TimesAsFamilies(of_group, key)) {
      families.push_back(std::move(family));
    }
  }
  return families;
}

std::size_t PushTable::group_count() const {
  MutexLock lock(mu_);
  return groups_.size();
}

std::size_t PushTable::series_count() const {
  MutexLock lock(mu_);
  return index_.series_count();
}

}  // namespace tocsin::intake
