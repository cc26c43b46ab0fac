#include "receivers/alerts/posted_alert_event.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/group_key.h"
#include "base/json_library.h"
#include "base/json_row.h"
#include "base/json_text.h"
#include "base/uuid.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::string_view kExpired = "expired";

std::string AnnotationMap(const PostedAlert& alert) {
  JsonRow map(128);
  for (const auto& [name, value] : alert.annotations) map.JsonOf(name, JsonString(value));
  return map.Finish();
}

Event EventOf(const PostedAlert& alert, const char* type, Timestamp at, std::string_view reason) {
  Event event;
  event.at = at;
  event.type = type;
  event.alert_id = EpisodeId(alert);
  event.labels = alert.labels;
  JsonRow body(256);
  body.Text("starts_at", FormatRfc3339(alert.starts_at))
      .Text("ends_at", FormatRfc3339(alert.ends_at))
      .Text("updated_at", FormatRfc3339(alert.updated_at));
  if (!reason.empty()) body.Text("resolved_reason", reason);
  event.body = body.TextOrNull("generator_url", alert.generator_url)
                   .Json("annotations", AnnotationMap(alert))
                   .Finish();
  return event;
}

Event Active(const PostedAlert& alert) {
  return EventOf(alert, "alert.active", alert.began_at, "");
}

// `reason`: "recovered" (its sender said so), "expired" (its sender has fallen silent), "replaced"
// (a rule of our own raises the same alert).
Event Resolved(const PostedAlert& alert, std::string_view reason, Timestamp at) {
  return EventOf(alert, "alert.resolved", at, reason);
}

void ReadTime(const json& body, const char* name, Timestamp* value) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) return;
  *value = ParseRfc3339(found->get<std::string>()).value_or(*value);
}

void ReadAnnotations(const json& body, Annotations* annotations) {
  const auto found = body.find("annotations");
  if (found == body.end() || !found->is_object()) return;
  annotations->clear();
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) annotations->emplace_back(name, value.get<std::string>());
  }
}

void ReadBody(const json& body, PostedAlert* alert) {
  ReadTime(body, "starts_at", &alert->starts_at);
  ReadTime(body, "ends_at", &alert->ends_at);
  ReadTime(body, "updated_at", &alert->updated_at);
  ReadAnnotations(body, &alert->annotations);
  const auto url = body.find("generator_url");
  if (url != body.end() && url->is_string()) alert->generator_url = url->get<std::string>();
  const auto reason = body.find("resolved_reason");
  if (reason != body.end()) alert->ends_by_timeout = *reason == kExpired;
}

}  // namespace

bool IsRecordedAsActive(const PostedAlert& alert) {
  return alert.native == nullptr && !alert.end_recorded && !alert.ResolvedAt(alert.updated_at);
}

void RecordEpisodes(const PostedAlert* former, const PostedAlert& now_known,
                    std::vector<Event>* events) {
  const bool was_active = former != nullptr && IsRecordedAsActive(*former);
  const bool is_active = IsRecordedAsActive(now_known);
  const bool goes_on = former != nullptr && former->native == nullptr &&
                       now_known.native == nullptr && former->began_at == now_known.began_at;
  if (goes_on && was_active == is_active) return;
  if (was_active && !goes_on) {
    const std::string_view reason = now_known.native == nullptr ? kExpired : "replaced";
    events->push_back(Resolved(*former, reason, std::min(former->ends_at, now_known.updated_at)));
  } else if (was_active) {
    events->push_back(Resolved(now_known, "recovered", now_known.updated_at));
  }
  if (is_active) events->push_back(Active(now_known));
}

void RecordEnd(PostedAlert* ended, std::vector<Event>* events) {
  RecordForgotten(*ended, events);
  ended->end_recorded = true;
}

void RecordForgotten(const PostedAlert& forgotten, std::vector<Event>* events) {
  if (IsRecordedAsActive(forgotten)) {
    events->push_back(Resolved(forgotten, kExpired, forgotten.ends_at));
  }
}

PostedAlert AlertOfEvent(const Event& event, const PostedAlertPtr& known) {
  PostedAlert alert;
  if (known != nullptr) {
    alert = *known;
  } else {
    const std::optional<NumberedUuid> episode = ParseNumberedUuid(event.alert_id);
    alert.labels = event.labels;
    alert.fingerprint = event.labels.view().Fingerprint();
    alert.hash = LogHash(event.labels);
    alert.began_at = episode ? FromUnixMillis(episode->millis) : event.at;
    alert.starts_at = alert.began_at;
    alert.ends_at = event.at;
    alert.updated_at = event.at;
  }
  const json body = ParseJson(event.body);
  if (body.is_object()) ReadBody(body, &alert);
  return alert;
}

}  // namespace tocsin::receivers
