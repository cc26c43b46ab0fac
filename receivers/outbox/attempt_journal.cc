#include "receivers/outbox/attempt_journal.h"

#include <algorithm>
#include <iterator>

namespace tocsin::receivers {

void AttemptJournal::Add(const std::string& log_key, const DeliveryAttempt& attempt) {
  const auto known = by_key_.find(log_key);
  if (known != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
  } else {
    entries_.push_front({log_key, {}});
    by_key_.emplace(entries_.front().log_key, entries_.begin());
  }
  std::deque<DeliveryAttempt>& newest = entries_.front().newest;
  newest.push_back(attempt);
  if (newest.size() > attempts_each_) newest.pop_front();
  if (entries_.size() > max_entries_) {
    by_key_.erase(entries_.back().log_key);
    entries_.pop_back();
  }
}

std::vector<DeliveryAttempt> AttemptJournal::Since(const std::string& log_key,
                                                   Timestamp since) const {
  std::vector<DeliveryAttempt> attempts;
  const auto known = by_key_.find(log_key);
  if (known == by_key_.end()) return attempts;
  const std::deque<DeliveryAttempt>& newest = known->second->newest;
  std::copy_if(newest.begin(), newest.end(), std::back_inserter(attempts),
               [since](const DeliveryAttempt& attempt) { return attempt.at >= since; });
  return attempts;
}

}  // namespace tocsin::receivers
