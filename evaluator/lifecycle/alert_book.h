// The book of alerts: every pending, firing and acknowledged one, and the resolved ones of late.
// Written by the state machine's thread, read by any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/alert.h"
#include "base/mutex.h"
#include "evaluator/rules/threshold_watch.h"

namespace tocsin::evaluator {

// The order of AlertBook::List.
bool IsListedBefore(const Alert& a, const Alert& b);

class AlertBook {
 public:
  // Replaces the version of the same id. `watch` is where newer values are seen; it may be null.
  void Put(AlertPtr alert, std::shared_ptr<const ThresholdWatch> watch) EXCLUDES(mu_);
  void Remove(const std::string& id) EXCLUDES(mu_);

  // Null where there is none. `value` and `last_value_at` of what is not resolved are the newest
  // seen.
  AlertPtr Find(std::string_view id) const EXCLUDES(mu_);
  // Of the given states, newest first by the time they began to fire (else began to be pending).
  std::vector<AlertPtr> List(const std::vector<AlertState>& states) const EXCLUDES(mu_);

  // Takes out resolved alerts that ended before `before`, and the oldest ones beyond
  // `max_resolved`; returns their ids.
  std::vector<std::string> PruneResolved(Timestamp before, std::size_t max_resolved) EXCLUDES(mu_);

 private:
  struct Entry {
    AlertPtr alert;
    std::shared_ptr<const ThresholdWatch> watch;
  };
  static AlertPtr WithNewestValue(const Entry& entry);

  mutable Mutex mu_;
  std::unordered_map<std::string, Entry> by_id_ GUARDED_BY(mu_);
};

}  // namespace tocsin::evaluator
