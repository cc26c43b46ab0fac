// AlertStore: the alerts that senders have posted, by fingerprint, until some time after their end.
//
// With a state store, what senders post is durable and comes back after a restart, with its
// deadlines; alerts of our own rules are kept by the rule engine, which offers them again.
// Without one, nothing is. A row's key is the alert's episode, which begins with its time: what is
// new stands together in the database, so that a post of a hundred alerts changes a few pages and
// not a hundred.
//
// Any thread. A lock guards the map and is held for look-ups and swaps of pointers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

struct AlertStoreOptions {
  std::size_t per_alertname_limit = 0;  // 0: no limit
  bool alertnames_in_metrics = false;   // what is counted as beyond that limit says whose it is
  std::size_t max_alerts = 0;           // 0: no limit
  // Beginnings and ends of posted alerts go to the history.
  bool record_events = false;
};

class AlertStore {
 public:
  explicit AlertStore(MetricRegistry& metrics, AlertStoreOptions options = {});

  // Called once the change is durable, or could not be written (the store tries again). On the
  // store's thread, or at once where there is nothing to write.
  using Committed = std::function<void()>;

  // From now on alerts are durable. Reads what an earlier process left; a row that cannot be read
  // is reported and left alone. Before all else.
  Status Restore(StateStore& store, const Logger& log);
  // Forgets what an earlier process left: for one whose alerts are not durable. A later one would
  // take that for the present otherwise.
  static Status Discard(StateStore& store);

  // Takes out alerts that are not known and for which there is no room, but for those of our own
  // rules; returns how many. To be asked before Put, so that whoever posts them hears of it; posts
  // at the same time may together go beyond the limit.
  std::size_t TakeOutBeyondLimit(std::vector<PostedAlert>* alerts) const EXCLUDES(mu_);
  std::size_t max_alerts() const { return options_.max_alerts; }

  // Joins each with what is known of it and returns the values that stand now, in their order.
  // New alerts beyond the limit of their alertname are left out and counted; they are refused by
  // no one, as their sender can do nothing about it.
  std::vector<PostedAlertPtr> Put(std::vector<PostedAlert> alerts, const Committed& committed = {})
      EXCLUDES(mu_, write_order_);

  // In no order.
  std::vector<PostedAlertPtr> All() const EXCLUDES(mu_);
  // Null where there is none.
  PostedAlertPtr Find(std::uint64_t fingerprint) const EXCLUDES(mu_);
  // By fingerprint, 16 hexadecimal digits, or by the id of its present episode.
  PostedAlertPtr FindById(std::string_view id) const EXCLUDES(mu_);

  // Forgets those that had ended by `t`; returns how many.
  std::size_t ForgetEndedBy(Timestamp t) EXCLUDES(mu_, write_order_);

  // Records the ends of those whose end has passed without a word of their sender; the events have
  // the times of these ends. Cheap while there are none.
  void RecordEnds(Timestamp now) EXCLUDES(mu_, write_order_);
  // Those that the history has as active, in no order. Every change that shows in it is on its way
  // to the state store.
  std::vector<PostedAlertPtr> RecordedAsActive() const EXCLUDES(mu_, write_order_);

  std::size_t size() const EXCLUDES(mu_);

 private:
  struct Joined {
    std::vector<PostedAlertPtr> stored;
    std::vector<std::string> gone;  // episodes of posted alerts that others have replaced
    std::vector<Event> events;
  };
  Joined Join(std::vector<PostedAlert> alerts, bool record) EXCLUDES(mu_);
  void CountLimited(const std::vector<std::string>& alertnames);
  std::vector<PostedAlertPtr> RemoveEndedBy(Timestamp t) EXCLUDES(mu_);
  std::vector<PostedAlertPtr> MarkEnded(Timestamp now, std::vector<Event>* events) EXCLUDES(mu_);
  bool TakePlace(const PostedAlert& alert) REQUIRES_LOCK(mu_);

  const AlertStoreOptions options_;
  prometheus::Family<prometheus::Counter>& limited_;
  prometheus::Counter& refused_;

  StateStore* store_ = nullptr;  // null: nothing is durable
  mutable Mutex write_order_;    // held over a change and the handing over of its rows
  mutable Mutex mu_;
  std::unordered_map<std::uint64_t, PostedAlertPtr> alerts_ GUARDED_BY(mu_);
  std::unordered_map<std::string, std::size_t> by_alertname_ GUARDED_BY(mu_);  // with a limit only
  Timestamp first_end_ GUARDED_BY(mu_) = Timestamp::min();  // no end to be recorded is earlier
};

}  // namespace tocsin::receivers
