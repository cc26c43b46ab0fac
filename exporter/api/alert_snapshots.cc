#include "exporter/api/alert_snapshots.h"

#include <algorithm>
#include <utility>

namespace tocsin::api {

void AlertSnapshots::Ask(const EventFollower& follower, StreamFilter filter, Write write,
                         Then then) {
  waiting_.push_back(
      {StreamHub::IdOf(follower), std::move(filter), std::move(write), std::move(then)});
  if (!interest_) Begin();
}

void AlertSnapshots::Begin() {
  orders_ = std::exchange(waiting_, {});
  interest_.emplace(hub_.Join());
  hub_.AddHeld(*this);
  StartOver();
}

void AlertSnapshots::StartOver() {
  ++attempt_;
  is_reading_ = false;
  changed_.clear();
  alerts_.reset();
  goal_.reset();
  reached_ = store_.LastEvent();
  ReadBook();
  hub_.GoOn(*this, reached_);
}

// REQUIRES: after `reached_` was noted.
void AlertSnapshots::ReadBook() {
  is_reading_ = hub_.RunAside([this, id = StreamHub::IdOf(*this), attempt = attempt_] {
    auto alerts = std::make_shared<const Alerts>(known_.RecordedAsActive());
    // Whoever calls it may do so when this object is gone: only the hub is asked then.
    when_numbered_([this, &hub = hub_, &store = store_, id, attempt, alerts] {
      hub.Tell(id, [this, attempt, alerts, goal = store.LastEvent()] {
        Numbered(attempt, alerts, goal);
      });
    });
  });
}

void AlertSnapshots::Numbered(std::size_t attempt, std::shared_ptr<const Alerts> alerts,
                              std::uint64_t goal) {
  if (attempt != attempt_) return;
  alerts_ = std::move(alerts);
  goal_ = goal;
  FinishIfThere();
}

void AlertSnapshots::Deliver(StreamEvent& event) {
  reached_ = event.event().sequence;
  if (event.is_of_active_alert()) changed_[event.event().alert_id] = event.event();
  FinishIfThere();
}

void AlertSnapshots::CaughtUp(std::uint64_t sequence) {
  reached_ = sequence;
  FinishIfThere();
}

// Not at once: the hub may be going through its followers.
void AlertSnapshots::FinishIfThere() {
  if (!goal_ || reached_ < *goal_ || is_finishing_) return;
  is_finishing_ = true;
  hub_.Tell(StreamHub::IdOf(*this), [this] { Finish(); });
}

void AlertSnapshots::Finish() {
  is_finishing_ = false;
  if (!goal_ || reached_ < *goal_) return;  // it had to start over
  const auto work = std::make_shared<Work>(
      Work{reached_, alerts_, std::exchange(changed_, {}), std::exchange(orders_, {})});
  if (!hub_.RunAside([this, work] { WriteAll(*work); })) {
    changed_ = std::move(work->changed);
    orders_ = std::move(work->orders);
    return;
  }
  alerts_.reset();
  goal_.reset();
  hub_.Remove(*this);
  interest_.reset();
  if (!waiting_.empty()) Begin();
}

// Where there was no room to run something aside.
void AlertSnapshots::Tick(Timestamp /*now*/) {
  if (!is_reading_) ReadBook();
  FinishIfThere();
}

// ---- aside

AlertSnapshots::Alerts AlertSnapshots::Merge(const Work& work) const {
  Alerts alerts;
  for (const KnownAlert& alert : *work.book) {
    if (!work.changed.contains(alert.id())) alerts.push_back(alert);
  }
  for (const auto& [id, event] : work.changed) {
    std::optional<KnownAlert> alert = known_.AsOf(event);
    if (alert && alert->state == AlertState::kFiring) alerts.push_back(*std::move(alert));
  }
  std::sort(alerts.begin(), alerts.end(), IsListedBefore);
  return alerts;
}

std::string AlertSnapshots::WriteList(const Alerts& alerts, const StreamFilter& filter) const {
  std::string list = "[";
  for (const KnownAlert& alert : alerts) {
    if (!filter.Selects(alert.severity(), alert.rule_id(), alert.labels())) continue;
    if (list.size() > 1) list.push_back(',');
    list += render_(alert);
  }
  return list.append("]");
}

void AlertSnapshots::WriteAll(const Work& work) const {
  const Alerts alerts = Merge(work);
  std::optional<std::string> all;  // written once for everyone without a filter
  for (const Order& order : work.orders) {
    if (order.filter.empty() && !all) all = WriteList(alerts, order.filter);
    const auto message = std::make_shared<std::string>(
        order.write(work.sequence, order.filter.empty() ? *all : WriteList(alerts, order.filter)));
    hub_.Tell(order.follower, [message, then = order.then, sequence = work.sequence] {
      then(std::move(*message), sequence);
    });
  }
}

}  // namespace tocsin::api
