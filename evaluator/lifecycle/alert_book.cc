#include "evaluator/lifecycle/alert_book.h"

#include <algorithm>
#include <thread>

namespace tocsin::evaluator {
namespace {

constexpr std::size_t kBucketsAtOnce = 256;  // some microseconds

bool IsOneOf(AlertState state, const std::vector<AlertState>& states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

Timestamp BeganAt(const Alert& alert) { return alert.triggered_at.value_or(alert.pending_since); }

}  // namespace

bool IsListedBefore(const Alert& a, const Alert& b) {
  if (BeganAt(a) != BeganAt(b)) return BeganAt(a) > BeganAt(b);
  return a.id < b.id;
}

void AlertBook::Put(AlertPtr alert, std::shared_ptr<const ThresholdWatch> watch) {
  MutexLock lock(mu_);
  Entry& entry = by_id_[alert->id];
  entry.alert.swap(alert);  // the old version dies after the lock
  entry.watch.swap(watch);
}

void AlertBook::Remove(const std::string& id) {
  MutexLock lock(mu_);
  by_id_.erase(id);
}

AlertPtr AlertBook::WithNewestValue(const Entry& entry) {
  if (entry.watch == nullptr || entry.alert->state == AlertState::kResolved) return entry.alert;
  const Sample newest = entry.watch->newest();
  if (newest.timestamp <= entry.alert->last_value_at) return entry.alert;
  auto current = std::make_shared<Alert>(*entry.alert);
  current->value = newest.value;
  current->last_value_at = newest.timestamp;
  current->updated_at = std::max(current->updated_at, newest.timestamp);
  return current;
}

AlertPtr AlertBook::Find(std::string_view id) const {
  Entry entry;
  {
    MutexLock lock(mu_);
    const auto found = by_id_.find(std::string(id));
    if (found == by_id_.end()) return nullptr;
    entry = found->second;
  }
  return WithNewestValue(entry);
}

std::vector<AlertPtr> AlertBook::List(const std::vector<AlertState>& states) const {
  std::vector<Entry> entries;
  {
    MutexLock lock(mu_);
    for (const auto& [id, entry] : by_id_) {
      if (IsOneOf(entry.alert->state, states)) entries.push_back(entry);
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return IsListedBefore(*a.alert, *b.alert); });
  std::vector<AlertPtr> alerts;
  alerts.reserve(entries.size());
  for (const Entry& entry : entries) alerts.push_back(WithNewestValue(entry));
  return alerts;
}

std::vector<AlertPtr> AlertBook::Survey(const std::vector<AlertState>& states) const {
  std::vector<AlertPtr> alerts;
  std::size_t buckets = 0;
  std::size_t bucket = 0;
  do {
    SurveySome(states, &buckets, &bucket, &alerts);
    std::this_thread::yield();  // to whoever waits for the lock
  } while (bucket < buckets);
  return alerts;
}

void AlertBook::SurveySome(const std::vector<AlertState>& states, std::size_t* buckets,
                           std::size_t* bucket, std::vector<AlertPtr>* alerts) const {
  MutexLock lock(mu_);
  if (by_id_.bucket_count() != *buckets) {
    *buckets = by_id_.bucket_count();
    *bucket = 0;
    alerts->clear();
    alerts->reserve(by_id_.size());
  }
  const std::size_t end = std::min(*bucket + kBucketsAtOnce, *buckets);
  for (; *bucket < end; ++*bucket) {
    for (auto at = by_id_.cbegin(*bucket); at != by_id_.cend(*bucket); ++at) {
      if (IsOneOf(at->second.alert->state, states)) alerts->push_back(at->second.alert);
    }
  }
}

std::vector<std::string> AlertBook::PruneResolved(Timestamp before, std::size_t max_resolved) {
  MutexLock lock(mu_);
  std::vector<AlertPtr> resolved;
  for (const auto& [id, entry] : by_id_) {
    if (entry.alert->state == AlertState::kResolved) resolved.push_back(entry.alert);
  }
  std::sort(resolved.begin(), resolved.end(),
            [](const AlertPtr& a, const AlertPtr& b) { return *a->resolved_at > *b->resolved_at; });
  std::vector<std::string> pruned;
  for (std::size_t i = 0; i < resolved.size(); ++i) {
    if (i < max_resolved && *resolved[i]->resolved_at >= before) continue;
    by_id_.erase(resolved[i]->id);
    pruned.push_back(resolved[i]->id);
  }
  return pruned;
}

}  // namespace tocsin::evaluator
