// AlertStore: the alerts that senders have posted, by fingerprint, until some time after their end.
//
// Any thread. A lock guards the map and is held for look-ups and swaps of pointers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

class AlertStore {
 public:
  // 0: no limit.
  explicit AlertStore(MetricRegistry& metrics, std::size_t per_alertname_limit = 0);

  // Joins each with what is known of it and returns the values that stand now, in their order.
  // New alerts beyond the limit of their alertname are left out and counted; they are refused by
  // no one, as their sender can do nothing about it.
  std::vector<PostedAlertPtr> Put(std::vector<PostedAlert> alerts) EXCLUDES(mu_);

  // In no order.
  std::vector<PostedAlertPtr> All() const EXCLUDES(mu_);
  // Null where there is none.
  PostedAlertPtr Find(std::uint64_t fingerprint) const EXCLUDES(mu_);

  // Forgets those that had ended by `t`; returns how many.
  std::size_t ForgetEndedBy(Timestamp t) EXCLUDES(mu_);

  std::size_t size() const EXCLUDES(mu_);

 private:
  bool TakePlace(const PostedAlert& alert) REQUIRES_LOCK(mu_);

  const std::size_t per_alertname_limit_;
  prometheus::Counter& limited_;

  mutable Mutex mu_;
  std::unordered_map<std::uint64_t, PostedAlertPtr> alerts_ GUARDED_BY(mu_);
  std::unordered_map<std::string, std::size_t> by_alertname_ GUARDED_BY(mu_);  // with a limit only
};

}  // namespace tocsin::receivers
