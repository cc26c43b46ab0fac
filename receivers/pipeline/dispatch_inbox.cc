#include "receivers/pipeline/dispatch_inbox.h"

#include <utility>

namespace tocsin::receivers {

bool DispatchInbox::PutAlerts(std::vector<PostedAlertPtr> alerts, std::chrono::nanoseconds now) {
  if (alerts.empty()) return true;
  {
    MutexLock lock(mu_);
    // One batch may be larger than the capacity: it is taken when nothing else waits.
    while (!closed_ && waiting_alerts_ > 0 && waiting_alerts_ + alerts.size() > capacity_) {
      has_room_.Wait(mu_);
    }
    if (closed_) return false;
    waiting_alerts_ += alerts.size();
    waiting_.push_back({std::move(alerts), nullptr, now});
  }
  changed_.NotifyOne();
  return true;
}

bool DispatchInbox::PutAlertsNow(std::vector<PostedAlertPtr> alerts, std::chrono::nanoseconds now) {
  {
    MutexLock lock(mu_);
    if (closed_) return false;
    if (waiting_alerts_ + alerts.size() > capacity_) ReplaceWaiting(&alerts);
    if (alerts.empty()) return true;
    waiting_alerts_ += alerts.size();
    waiting_.push_back({std::move(alerts), nullptr, now});
  }
  changed_.NotifyOne();
  return true;
}

void DispatchInbox::ReplaceWaiting(std::vector<PostedAlertPtr>* alerts) {
  for (; placed_items_ < waiting_.size(); ++placed_items_) {
    const std::vector<PostedAlertPtr>& waiting = waiting_[placed_items_].alerts;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      places_[waiting[i]->hash] = {placed_items_, i};
    }
  }
  std::vector<PostedAlertPtr> others;
  for (PostedAlertPtr& alert : *alerts) {
    const auto place = places_.find(alert->hash);
    if (place == places_.end()) {
      others.push_back(std::move(alert));
    } else {
      waiting_[place->second.first].alerts[place->second.second] = std::move(alert);
    }
  }
  *alerts = std::move(others);
}

bool DispatchInbox::PutEvent(Event event) {
  {
    MutexLock lock(mu_);
    if (closed_) return false;
    waiting_.push_back({{}, std::move(event), {}});
  }
  changed_.NotifyOne();
  return true;
}

std::optional<std::vector<DispatchInbox::Item>> DispatchInbox::Take(
    std::optional<Timestamp> deadline) {
  std::vector<Item> taken;
  {
    MutexLock lock(mu_);
    if (waiting_.empty() && !closed_ && !awake_) {
      if (deadline) {
        changed_.WaitUntil(mu_, *deadline);
      } else {
        changed_.Wait(mu_);
      }
    }
    if (closed_) return std::nullopt;
    awake_ = false;
    taken.swap(waiting_);
    waiting_alerts_ = 0;
    places_.clear();
    placed_items_ = 0;
  }
  has_room_.NotifyAll();
  return taken;
}

std::optional<std::chrono::nanoseconds> DispatchInbox::oldest() const {
  MutexLock lock(mu_);
  for (const Item& item : waiting_) {
    if (!item.event) return item.accepted;
  }
  return std::nullopt;
}

void DispatchInbox::Wake() {
  {
    MutexLock lock(mu_);
    awake_ = true;
  }
  changed_.NotifyOne();
}

void DispatchInbox::Close() {
  std::vector<Item> dropped;  // whoever waits for an event hears of its end, outside the lock
  {
    MutexLock lock(mu_);
    closed_ = true;
    dropped.swap(waiting_);
    waiting_alerts_ = 0;
  }
  changed_.NotifyAll();
  has_room_.NotifyAll();
}

}  // namespace tocsin::receivers
