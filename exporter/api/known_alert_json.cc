#include "exporter/api/known_alert_json.h"

#include <string>
#include <string_view>

#include "base/json_text.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::string_view kSuppressed = "suppressed";
constexpr std::size_t kTypicalBytes = 1024;

std::string_view AnnotationOf(const receivers::PostedAlert& alert, std::string_view name) {
  for (const auto& [key, value] : alert.annotations) {
    if (key == name) return value;
  }
  return "";
}

std::string_view DescriptionOf(const receivers::PostedAlert& alert) {
  const std::string_view description = AnnotationOf(alert, "description");
  return description.empty() ? AnnotationOf(alert, "summary") : description;
}

std::string AnnotationsText(const receivers::PostedAlert& alert) {
  JsonRow out;
  for (const auto& [name, value] : alert.annotations) out.JsonOf(name, JsonString(value));
  return out.Finish();
}

void WriteAcknowledgement(const receivers::PostedAcknowledgement* given, JsonRow* row) {
  const receivers::PostedAcknowledgement none;
  const receivers::PostedAcknowledgement& shown = given ? *given : none;
  WriteTime("acknowledged_at", given ? std::optional(given->at) : std::nullopt, row);
  row->TextOrNull("acknowledged_by", shown.actor).TextOrNull("acknowledge_note", shown.note);
  WriteTime("acknowledged_until", shown.until, row);
}

// "expired": its sender has fallen silent.
std::string_view EndOf(const receivers::PostedAlert& alert) {
  return alert.ends_by_timeout ? "expired" : "recovered";
}

void WritePostedAlert(const KnownAlert& known, std::string_view status, JsonRow* row) {
  const receivers::PostedAlert& alert = *known.posted;
  const std::string_view name = alert.labels.Get("alertname");
  const bool is_over = known.state == AlertState::kResolved;
  row->Text("id", known.id())
      .Null("rule_id")
      .Text("name", name)
      .Text("rule_name", name)
      .TextOrNull("description", DescriptionOf(alert))
      .Text("severity", SeverityName(known.severity()))
      .Text("status", status)
      .Text("metric_name", "")
      .Text("metric_value", "")
      .Text("condition", "")
      .Text("threshold", "")
      .Number("duration", 0);
  WriteTime("triggered_at", alert.starts_at, row);
  WriteAcknowledgement(known.acknowledgement.get(), row);
  WriteTime("resolved_at", is_over ? std::optional(alert.ends_at) : std::nullopt, row);
  row->LabelMap("metadata", alert.labels)
      .LabelMap("labels", alert.labels)
      .Text("fingerprint", FormatHex64(alert.fingerprint));
  WriteTime("pending_since", alert.starts_at, row);
  WriteTime("updated_at", alert.updated_at, row);
  row->Null("last_value_at")
      .Null("resolved_by")
      .Null("resolve_note")
      .TextOrNull("resolved_reason", is_over ? EndOf(alert) : "")
      .Number("notifications_sent", 0)
      .Null("last_notification_at")
      .Json("notifications", "{}")
      .Json("annotations", AnnotationsText(alert))
      .TextOrNull("generator_url", alert.generator_url);
}

}  // namespace

JsonRow KnownAlertRow(const KnownAlert& alert, const AboutAlert& about) {
  const std::string_view status = about.muting.holds() ? kSuppressed : AlertStateName(alert.state);
  JsonRow row(kTypicalBytes);
  if (alert.native) {
    WriteAlert(*alert.native, status, &row);
    WriteAnnouncement(about.announced, &row);
  } else {
    WritePostedAlert(alert, status, &row);
  }
  row.Texts("silenced_by", about.muting.silenced_by)
      .Flag("inhibited", about.muting.inhibited)
      .Count("comment_count", about.comments);
  return row;
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
