// Inbox: what waits for the dispatcher's thread. Any thread puts; that thread takes everything at
// once. Nobody ever waits to put something in.
//
// Alerts and events keep the order in which they came: an alert that names a new receiver must not
// overtake the reload that brought it. Alerts are bounded by coalescing: beyond `capacity` a newer
// version of an alert takes the place of the older one of the same id, so that at most one version
// of each further alert waits. Events are bounded by their nature: one for each attempt and commit
// under way.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/alert.h"
#include "base/mutex.h"
#include "receivers/announcer.h"

namespace tocsin::receivers {

class Inbox {
 public:
  using Event = std::function<void(Announcer&, Timestamp now)>;
  struct PlacedEvent {
    std::size_t after = 0;  // so many of the alerts come before it
    Event run;
  };
  struct Content {
    std::vector<AlertPtr> alerts;          // in the order in which they came
    std::chrono::nanoseconds accepted{0};  // when the first of them came
    std::vector<PlacedEvent> events;       // in the order in which they came
    std::size_t coalesced = 0;
    bool closed = false;
  };

  explicit Inbox(std::size_t capacity) : capacity_(capacity) {}

  void PutAlerts(std::vector<AlertPtr> alerts, std::chrono::nanoseconds now) EXCLUDES(mu_);
  // Dropped once the inbox is closed.
  void PutEvent(Event event) EXCLUDES(mu_);
  // Waits until there is something, the deadline has come or the inbox is closed.
  Content Take(std::optional<Timestamp> deadline) EXCLUDES(mu_);
  // Wakes the taker.
  void Wake() EXCLUDES(mu_);
  void Close() EXCLUDES(mu_);

 private:
  void PutAlert(AlertPtr alert) REQUIRES_LOCK(mu_);

  const std::size_t capacity_;
  Mutex mu_;
  CondVar changed_;
  Content waiting_ GUARDED_BY(mu_);
  // Beyond capacity: where the newest version of each alert stands, by id.
  std::unordered_map<std::string, std::size_t> place_ GUARDED_BY(mu_);
  bool awake_ GUARDED_BY(mu_) = false;
};

}  // namespace tocsin::receivers
