#include "exporter/api/known_alert_json.h"

#include <string>
#include <string_view>

#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr const char* kSuppressed = "suppressed";

std::string_view AnnotationOf(const receivers::PostedAlert& alert, std::string_view name) {
  for (const auto& [key, value] : alert.annotations) {
    if (key == name) return value;
  }
  return "";
}

std::string DescriptionOf(const receivers::PostedAlert& alert) {
  const std::string_view description = AnnotationOf(alert, "description");
  return std::string(description.empty() ? AnnotationOf(alert, "summary") : description);
}

Json AnnotationsJson(const receivers::PostedAlert& alert) {
  Json out = Json::object();
  for (const auto& [name, value] : alert.annotations) out[name] = value;
  return out;
}

void AddAcknowledgement(const receivers::PostedAcknowledgement* given, Json* body) {
  (*body)["acknowledged_at"] = given ? Json(FormatRfc3339(given->at)) : Json();
  (*body)["acknowledged_by"] = given ? TextOrNull(given->actor) : Json();
  (*body)["acknowledge_note"] = given ? TextOrNull(given->note) : Json();
  (*body)["acknowledged_until"] = given ? TimeOrNull(given->until) : Json();
}

// "expired": its sender has fallen silent.
std::string_view EndOf(const receivers::PostedAlert& alert) {
  return alert.ends_by_timeout ? "expired" : "recovered";
}

Json PostedAlertJson(const KnownAlert& known) {
  const receivers::PostedAlert& alert = *known.posted;
  const std::string name(alert.labels.Get("alertname"));
  const bool is_over = known.state == AlertState::kResolved;
  Json body = {{"id", known.id()},
               {"rule_id", Json()},
               {"name", name},
               {"rule_name", name},
               {"description", TextOrNull(DescriptionOf(alert))},
               {"severity", std::string(SeverityName(known.severity()))},
               {"status", std::string(AlertStateName(known.state))},
               {"metric_name", ""},
               {"metric_value", ""},
               {"condition", ""},
               {"threshold", ""},
               {"duration", 0},
               {"triggered_at", FormatRfc3339(alert.starts_at)},
               {"acknowledged_at", Json()},
               {"resolved_at", is_over ? Json(FormatRfc3339(alert.ends_at)) : Json()},
               {"metadata", LabelsJson(alert.labels)},
               {"labels", LabelsJson(alert.labels)},
               {"fingerprint", FormatHex64(alert.fingerprint)},
               {"pending_since", FormatRfc3339(alert.starts_at)},
               {"updated_at", FormatRfc3339(alert.updated_at)},
               {"last_value_at", Json()},
               {"resolved_by", Json()},
               {"resolve_note", Json()},
               {"resolved_reason", is_over ? Json(std::string(EndOf(alert))) : Json()},
               {"notifications_sent", 0},
               {"last_notification_at", Json()},
               {"notifications", Json::object()},
               {"annotations", AnnotationsJson(alert)},
               {"generator_url", TextOrNull(alert.generator_url)}};
  AddAcknowledgement(known.acknowledgement.get(), &body);
  return body;
}

}  // namespace

Json KnownAlertJson(const KnownAlert& alert, const AboutAlert& about) {
  Json body = alert.native ? AlertJson(*alert.native, about.announced) : PostedAlertJson(alert);
  if (about.muting.holds()) body["status"] = kSuppressed;
  body["silenced_by"] = about.muting.silenced_by;
  body["inhibited"] = about.muting.inhibited;
  body["comment_count"] = about.comments;
  return body;
}

Json CommentJson(const receivers::AlertComment& comment) {
  return {{"id", comment.id},
          {"alert_id", comment.alert_id},
          {"actor", comment.actor},
          {"text", comment.text},
          {"at", FormatRfc3339(comment.at)}};
}

Json CommentsJson(const std::vector<receivers::AlertComment>& comments) {
  Json list = Json::array();
  for (const receivers::AlertComment& comment : comments) list.push_back(CommentJson(comment));
  return list;
}

Json PostedEventsJson(const KnownAlert& posted) {
  const receivers::PostedAlert& alert = *posted.posted;
  Json events = Json::array();
  const auto add = [&events](AlertState state, Timestamp at) {
    events.push_back({{"status", std::string(AlertStateName(state))}, {"at", FormatRfc3339(at)}});
  };
  add(AlertState::kFiring, alert.starts_at);
  if (posted.state == AlertState::kResolved) {
    add(AlertState::kResolved, alert.ends_at);
    events.back()["reason"] = std::string(EndOf(alert));
  }
  return events;
}

}  // namespace tocsin::api
