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

  // Of the given states in no order, each as it was at some moment of the call; values may be
  // older. Looks at a few at a time, so that it holds nobody up who changes alerts, however many
  // there are.
  std::vector<AlertPtr> Survey(const std::vector<AlertState>& states) const EXCLUDES(mu_);

  // Takes out resolved alerts that ended before `before`, and the oldest ones beyond
  // `max_resolved`; returns their ids.
  std::vector<std::string> PruneResolved(Timestamp before, std::size_t max_resolved) EXCLUDES(mu_);

 private:
  struct Entry {
    AlertPtr alert;
    std::shared_ptr<const ThresholdWatch> watch;
  };
  static AlertPtr WithNewestValue(const Entry& entry);
  // Goes on with the survey from `bucket`, or begins anew where the table has grown since.
  void SurveySome(const std::vector<AlertState>& states, std::size_t* buckets, std::size_t* bucket,
                  std::vector<AlertPtr>* alerts) const EXCLUDES(mu_);

  mutable Mutex mu_;
  std::unordered_map<std::string, Entry> by_id_ GUARDED_BY(mu_);
};

}  // namespace tocsin::evaluator
