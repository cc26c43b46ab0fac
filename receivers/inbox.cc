#include "receivers/inbox.h"

#include <utility>

namespace tocsin::receivers {

void Inbox::PutAlerts(std::vector<AlertPtr> alerts, std::chrono::nanoseconds now) {
  {
    MutexLock lock(mu_);
    if (waiting_.closed) return;  // the engine offers them again after the restart
    if (waiting_.alerts.empty()) waiting_.accepted = now;
    for (AlertPtr& alert : alerts) PutAlert(std::move(alert));
    awake_ = true;
  }
  changed_.NotifyOne();
}

void Inbox::PutAlert(AlertPtr alert) {
  std::vector<AlertPtr>& alerts = waiting_.alerts;
  if (alerts.size() < capacity_) {
    alerts.push_back(std::move(alert));
    return;
  }
  if (place_.empty()) {
    for (std::size_t i = 0; i < alerts.size(); ++i) place_[alerts[i]->id] = i;
  }
  const auto [place, is_new] = place_.try_emplace(alert->id, alerts.size());
  if (is_new) {
    alerts.push_back(std::move(alert));
  } else {
    alerts[place->second] = std::move(alert);
    ++waiting_.coalesced;
  }
}

void Inbox::PutEvent(Event event) {
  {
    MutexLock lock(mu_);
    if (waiting_.closed) return;
    waiting_.events.push_back({waiting_.alerts.size(), std::move(event)});
    awake_ = true;
  }
  changed_.NotifyOne();
}

Inbox::Content Inbox::Take(std::optional<Timestamp> deadline) {
  Content taken;
  MutexLock lock(mu_);
  if (!awake_ && !waiting_.closed) {
    if (deadline) {
      changed_.WaitUntil(mu_, *deadline);
    } else {
      changed_.Wait(mu_);
    }
  }
  std::swap(taken, waiting_);
  waiting_.closed = taken.closed;
  place_.clear();
  awake_ = false;
  return taken;
}

void Inbox::Wake() {
  {
    MutexLock lock(mu_);
    awake_ = true;
  }
  changed_.NotifyOne();
}

void Inbox::Close() {
  {
    MutexLock lock(mu_);
    waiting_.closed = true;
  }
  changed_.NotifyAll();
}

}  // namespace tocsin::receivers
