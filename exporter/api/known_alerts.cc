#include "exporter/api/known_alerts.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "receivers/alerts/posted_alert_event.h"

namespace tocsin::api {
namespace {

using receivers::PostedAlertPtr;

KnownAlert KnownNative(AlertPtr alert) {
  KnownAlert known;
  known.state = alert->state;
  known.native = std::move(alert);
  return known;
}

bool IsOneOf(AlertState state, const std::vector<AlertState>& states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

// What an event makes of an alert.
std::optional<AlertState> StateAfter(const std::string& event_type) {
  if (event_type == "alert.active" || event_type == "alert.unacknowledged") {
    return AlertState::kFiring;
  }
  if (event_type == "alert.acknowledged") return AlertState::kAcknowledged;
  if (event_type == "alert.resolved") return AlertState::kResolved;
  return std::nullopt;
}

}  // namespace

std::string KnownAlert::id() const { return native ? native->id : receivers::EpisodeId(*posted); }

std::string KnownAlert::rule_id() const { return native ? native->rule->id : std::string(); }

Timestamp KnownAlert::began() const {
  return native ? native->triggered_at.value_or(native->pending_since) : posted->starts_at;
}

Severity KnownAlert::severity() const {
  return native ? native->rule->severity : receivers::SeverityOfLabels(posted->labels);
}

const Labels& KnownAlert::labels() const { return native ? native->labels : posted->labels; }

bool IsListedBefore(const KnownAlert& a, const KnownAlert& b) {
  if (a.began() != b.began()) return a.began() > b.began();
  return a.id() < b.id();
}

KnownAlert KnownAlerts::Known(PostedAlertPtr posted, Timestamp now) const {
  KnownAlert known;
  if (posted->ResolvedAt(now)) {
    known.state = AlertState::kResolved;
  } else {
    known.acknowledgement = acknowledgements_.Of(*posted, now);
    known.state = known.acknowledgement ? AlertState::kAcknowledged : AlertState::kFiring;
  }
  known.posted = std::move(posted);
  return known;
}

std::optional<KnownAlert> KnownAlerts::Find(const std::string& id) const {
  if (AlertPtr native = book_.Find(id)) return KnownNative(std::move(native));
  PostedAlertPtr posted = posted_.FindById(id);
  if (posted == nullptr) return std::nullopt;
  if (posted->native == nullptr) return Known(std::move(posted), clock_.Now());
  AlertPtr newest = book_.Find(posted->native->id);
  if (newest == nullptr) return std::nullopt;  // forgotten meanwhile
  return KnownNative(std::move(newest));
}

std::vector<KnownAlert> KnownAlerts::List(const std::vector<AlertState>& states) const {
  std::vector<KnownAlert> list;
  for (AlertPtr& alert : book_.List(states)) list.push_back(KnownNative(std::move(alert)));
  const std::size_t natives = list.size();
  const Timestamp now = clock_.Now();
  for (PostedAlertPtr& posted : posted_.All()) {
    if (posted->native != nullptr) continue;
    KnownAlert known = Known(std::move(posted), now);
    if (IsOneOf(known.state, states)) list.push_back(std::move(known));
  }
  if (list.size() == natives) return list;  // in order already
  std::sort(list.begin(), list.end(), IsListedBefore);
  return list;
}

std::vector<KnownAlert> KnownAlerts::RecordedAsActive() const {
  std::vector<KnownAlert> list;
  for (AlertPtr& alert : book_.List({AlertState::kFiring})) {
    list.push_back(KnownNative(std::move(alert)));
  }
  std::vector<PostedAlertPtr> active = posted_.RecordedAsActive();
  acknowledgements_.TakeOutRecorded(&active);
  for (PostedAlertPtr& posted : active) {
    KnownAlert known;
    known.posted = std::move(posted);
    list.push_back(std::move(known));
  }
  return list;
}

std::optional<KnownAlert> KnownAlerts::AsOf(const Event& event) const {
  const std::optional<AlertState> state = StateAfter(event.type);
  if (!state) return std::nullopt;
  if (!event.rule_id.empty()) {
    Result<Alert> alert = ParseAlert(event.body);
    if (!alert) return std::nullopt;
    return KnownNative(std::make_shared<const Alert>(*std::move(alert)));
  }
  PostedAlertPtr newest = posted_.FindById(event.alert_id);
  if (newest != nullptr && newest->native != nullptr) newest = nullptr;
  KnownAlert known;
  known.state = *state;
  known.posted =
      std::make_shared<const receivers::PostedAlert>(receivers::AlertOfEvent(event, newest));
  if (*state == AlertState::kAcknowledged) {
    known.acknowledgement = std::make_shared<const receivers::PostedAcknowledgement>(
        receivers::AcknowledgementOfEvent(event));
  }
  return known;
}

std::size_t KnownAlerts::Count(AlertState state) const { return List({state}).size(); }

Muting KnownAlerts::MutingOf(const KnownAlert& alert) const {
  Muting muting;
  if (alert.state != AlertState::kFiring) return muting;
  const Timestamp now = clock_.Now();
  muting.silenced_by = silences_.MutedBy(alert.labels(), now);
  muting.inhibited = mutes_.inhibited && mutes_.inhibited(alert.labels(), now);
  if (mutes_.intervals) muting.muted_by_intervals = mutes_.intervals(alert, now);
  return muting;
}

}  // namespace tocsin::api
