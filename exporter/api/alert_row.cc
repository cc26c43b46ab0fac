#include "exporter/api/alert_row.h"

#include <chrono>
#include <string>

#include "base/json_text.h"
#include "base/number.h"
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

std::string NotificationsText(const receivers::AnnouncementView& view) {
  JsonRow out;
  for (const receivers::ChannelDelivery& delivery : view.channels) {
    out.JsonOf(delivery.receiver, JsonRow()
                                      .Text("outcome", delivery.last_outcome)
                                      .Count("attempts", delivery.attempts)
                                      .TextOrNull("last_error", delivery.last_error)
                                      .Finish());
  }
  return out.Finish();
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
      .TextOrNull("resolved_reason", is_over ? EndOfPosted(alert) : "")
      .Number("notifications_sent", 0)
      .Null("last_notification_at")
      .Json("notifications", "{}")
      .Json("annotations", AnnotationsText(alert))
      .TextOrNull("generator_url", alert.generator_url);
}

}  // namespace

void WriteTime(std::string_view name, const std::optional<Timestamp>& time, JsonRow* row) {
  row->TextOrNull(name, time ? FormatRfc3339(*time) : std::string());
}

void WriteAlert(const Alert& alert, std::string_view status, JsonRow* row) {
  const ThresholdRule& rule = *alert.rule;
  row->Text("id", alert.id)
      .Text("rule_id", rule.id)
      .Text("name", rule.name)
      .Text("rule_name", rule.name)
      .TextOrNull("description", rule.description)
      .Text("severity", SeverityName(rule.severity))
      .Text("status", status)
      .Text("metric_name", rule.metric_name)
      .Text("metric_value", FormatFloatPython(alert.value))
      .Text("condition", ConditionSymbol(rule.condition))
      .Text("threshold", rule.threshold_text)
      .Number("duration", std::chrono::duration_cast<std::chrono::seconds>(rule.duration).count());
  WriteTime("triggered_at", alert.triggered_at, row);
  WriteTime("acknowledged_at", alert.acknowledged_at, row);
  WriteTime("resolved_at", alert.resolved_at, row);
  row->LabelMap("metadata", alert.metadata)
      .LabelMap("labels", alert.labels)
      .Text("fingerprint", alert.fingerprint_text());
  WriteTime("pending_since", alert.pending_since, row);
  WriteTime("updated_at", alert.updated_at, row);
  WriteTime("last_value_at", alert.last_value_at, row);
  row->TextOrNull("acknowledged_by", alert.acknowledged_by)
      .TextOrNull("acknowledge_note", alert.acknowledge_note);
  WriteTime("acknowledged_until", alert.acknowledged_until, row);
  row->TextOrNull("resolved_by", alert.resolved_by)
      .TextOrNull("resolve_note", alert.resolve_note)
      .TextOrNull("resolved_reason", ResolveReasonName(alert.resolved_reason));
}

void WriteAnnouncement(const std::optional<receivers::AnnouncementView>& announced, JsonRow* row) {
  row->Count("notifications_sent", announced ? announced->notifications_sent : 0);
  WriteTime("last_notification_at", announced ? announced->last_notification_at : std::nullopt,
            row);
  row->Json("notifications", announced ? NotificationsText(*announced) : "{}");
}

std::string_view EndOfPosted(const receivers::PostedAlert& alert) {
  return alert.ends_by_timeout ? "expired" : "recovered";
}

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
      .Texts("muted_by_intervals", about.muting.muted_by_intervals)
      .Count("comment_count", about.comments);
  return row;
}

}  // namespace tocsin::api
