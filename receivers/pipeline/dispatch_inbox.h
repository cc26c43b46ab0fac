// DispatchInbox: what waits for the dispatcher's thread, in the order in which it came.
//
// Any thread puts; that thread takes everything at once. Alerts are bounded by waiting: where too
// many stand in line, whoever posts more waits for room, as senders repeat what they are not rid
// of. Events never wait; they are bounded by their nature (one for each attempt under way, reload
// and request).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

class DispatchInbox {
 public:
  using Event = std::function<void(Timestamp now)>;
  // Alerts, or an event.
  struct Item {
    std::vector<PostedAlertPtr> alerts;
    Event event;
    std::chrono::nanoseconds accepted{0};  // monotonic: when the alerts were handed over
  };

  explicit DispatchInbox(std::size_t capacity) : capacity_(capacity) {}

  // Both are dropped once the inbox is closed; false then.
  bool PutAlerts(std::vector<PostedAlertPtr> alerts, std::chrono::nanoseconds now = {})
      EXCLUDES(mu_);
  bool PutEvent(Event event) EXCLUDES(mu_);
  // Never waits: beyond the capacity the newest value of an alert takes the place of an older one
  // that waits. For the rule engine, which must not be held up.
  bool PutAlertsNow(std::vector<PostedAlertPtr> alerts, std::chrono::nanoseconds now = {})
      EXCLUDES(mu_);
  // Waits until there is something, or the deadline has come; nothing once it is closed.
  std::optional<std::vector<Item>> Take(std::optional<Timestamp> deadline) EXCLUDES(mu_);
  // When the first of the alerts that wait was handed over; none: no alert waits.
  std::optional<std::chrono::nanoseconds> oldest() const EXCLUDES(mu_);
  // Wakes the taker.
  void Wake() EXCLUDES(mu_);
  // Drops what waits.
  void Close() EXCLUDES(mu_);

 private:
  // Alerts that have taken the place of older ones are left out of the list.
  void ReplaceWaiting(std::vector<PostedAlertPtr>* alerts) REQUIRES_LOCK(mu_);

  const std::size_t capacity_;
  mutable Mutex mu_;
  CondVar changed_;
  CondVar has_room_;
  std::vector<Item> waiting_ GUARDED_BY(mu_);
  std::size_t waiting_alerts_ GUARDED_BY(mu_) = 0;
  // Beyond the capacity: where each alert stands, by hash: item and place in it.
  std::unordered_map<std::uint64_t, std::pair<std::size_t, std::size_t>> places_ GUARDED_BY(mu_);
  std::size_t placed_items_ GUARDED_BY(mu_) = 0;  // the first items, which are in places_
  bool awake_ GUARDED_BY(mu_) = false;
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::receivers
