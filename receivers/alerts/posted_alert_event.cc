#include "receivers/alerts/posted_alert_event.h"

#include <algorithm>
#include <string>

#include "base/json_row.h"

namespace tocsin::receivers {
namespace {

bool IsRecordedAsActive(const PostedAlert& alert) {
  return alert.native == nullptr && !alert.ResolvedAt(alert.updated_at);
}

Event EventOf(const PostedAlert& alert, const char* type, Timestamp at) {
  Event event;
  event.at = at;
  event.type = type;
  event.alert_id = EpisodeId(alert);
  event.labels = alert.labels;
  return event;
}

Event Active(const PostedAlert& alert) {
  Event event = EventOf(alert, "alert.active", alert.began_at);
  event.body = JsonRow(128)
                   .Text("starts_at", FormatRfc3339(alert.starts_at))
                   .TextOrNull("generator_url", alert.generator_url)
                   .Finish();
  return event;
}

// `reason`: "recovered" (its sender said so), "expired" (its sender has fallen silent), "replaced"
// (a rule of our own raises the same alert).
Event Resolved(const PostedAlert& alert, const char* reason, Timestamp at) {
  Event event = EventOf(alert, "alert.resolved", at);
  event.body = JsonRow(128)
                   .Text("starts_at", FormatRfc3339(alert.starts_at))
                   .Text("ends_at", FormatRfc3339(alert.ends_at))
                   .Text("resolved_reason", reason)
                   .Finish();
  return event;
}

}  // namespace

void RecordEpisodes(const PostedAlert* former, const PostedAlert& now_known,
                    std::vector<Event>* events) {
  const bool was_active = former != nullptr && IsRecordedAsActive(*former);
  const bool is_active = IsRecordedAsActive(now_known);
  const bool goes_on = former != nullptr && former->native == nullptr &&
                       now_known.native == nullptr && former->began_at == now_known.began_at;
  if (goes_on && was_active == is_active) return;
  if (was_active && !goes_on) {
    const char* const reason = now_known.native == nullptr ? "expired" : "replaced";
    events->push_back(Resolved(*former, reason, std::min(former->ends_at, now_known.updated_at)));
  } else if (was_active) {
    events->push_back(Resolved(now_known, "recovered", now_known.updated_at));
  }
  if (is_active) events->push_back(Active(now_known));
}

void RecordForgotten(const PostedAlert& forgotten, std::vector<Event>* events) {
  if (IsRecordedAsActive(forgotten)) {
    events->push_back(Resolved(forgotten, "expired", forgotten.ends_at));
  }
}

}  // namespace tocsin::receivers
