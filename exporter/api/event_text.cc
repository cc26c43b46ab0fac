#include "exporter/api/event_text.h"

#include <string_view>

#include "base/alert.h"
#include "base/json_library.h"
#include "base/json_row.h"
#include "exporter/api/alert_row.h"

namespace tocsin::api {
namespace {

constexpr std::string_view kCsvHead = "sequence,at,type,alert_id,rule_id,receiver,labels,body\r\n";

// "" where it is absent or null.
std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t NumberOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool IsOfRulesAlert(const Event& event) {
  return event.type.starts_with("alert.") && !event.rule_id.empty();
}

std::string AlertBodyJson(const Alert& alert, const nlohmann::json& stored) {
  JsonRow row(1024);
  WriteAlert(alert, AlertStateName(alert.state), &row);
  const auto ended = stored.find("unacknowledged");
  if (ended != stored.end()) {
    row.Json("unacknowledged", JsonRow()
                                   .Text("reason", TextOf(*ended, "reason"))
                                   .TextOrNull("actor", TextOf(*ended, "actor"))
                                   .Finish());
  }
  return row.Finish();
}

// What stands in a row is ours, and JSON; a damaged one must not damage the answer.
std::string BodyJson(const Event& event) {
  const nlohmann::json stored = ParseJson(event.body);
  if (!stored.is_object()) return "{}";
  if (IsOfRulesAlert(event)) {
    if (const Result<Alert> alert = ParseAlert(event.body)) return AlertBodyJson(*alert, stored);
  }
  return event.body;
}

void AppendCell(std::string_view value, std::string* out) {
  const std::size_t first = value.find_first_not_of(" \t\r\n");
  const bool is_formula = first != std::string_view::npos &&
                          std::string_view("=+-@").find(value[first]) != std::string_view::npos;
  const bool is_quoted = value.find_first_of(",\"\r\n") != std::string_view::npos;
  if (is_quoted) out->push_back('"');
  if (is_formula) out->push_back('\'');
  for (const char c : value) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  if (is_quoted) out->push_back('"');
}

void AppendStateOf(const Alert& alert, const nlohmann::json& stored, Json* entry) {
  (*entry)["status"] = std::string(AlertStateName(alert.state));
  if (alert.state == AlertState::kAcknowledged) {
    (*entry)["actor"] = TextOrNull(alert.acknowledged_by);
    (*entry)["note"] = TextOrNull(alert.acknowledge_note);
  }
  if (alert.state == AlertState::kResolved || alert.state == AlertState::kInactive) {
    (*entry)["reason"] = std::string(ResolveReasonName(alert.resolved_reason));
    (*entry)["actor"] = TextOrNull(alert.resolved_by);
    (*entry)["note"] = TextOrNull(alert.resolve_note);
  }
  const auto ended = stored.find("unacknowledged");
  if (ended == stored.end()) return;
  (*entry)["reason"] = TextOf(*ended, "reason");
  (*entry)["actor"] = TextOrNull(TextOf(*ended, "actor"));
}

// Of what is not a state of a rule's alert: comments, and what becomes of posted alerts.
void AppendWords(const Event& event, const nlohmann::json& stored, Json* entry) {
  if (event.type == "alert.commented") {
    (*entry)["actor"] = TextOf(stored, "actor");
    (*entry)["text"] = TextOf(stored, "text");
    return;
  }
  const bool fires_again = event.type == "alert.unacknowledged";
  (*entry)["status"] = fires_again ? "active" : event.type.substr(event.type.find('.') + 1);
  for (const char* key : {"actor", "note"}) {
    if (stored.contains(key)) (*entry)[key] = TextOrNull(TextOf(stored, key));
  }
  for (const char* key : {"reason", "resolved_reason"}) {
    if (stored.contains(key)) (*entry)["reason"] = TextOf(stored, key);
  }
}

void AppendDelivery(const Event& event, const nlohmann::json& stored, Json* entry) {
  (*entry)["receiver"] = event.receiver;
  (*entry)["integration"] = TextOf(stored, "integration");
  (*entry)["told"] = TextOf(stored, "status");
  (*entry)["attempts"] = NumberOf(stored, "attempts");
  (*entry)["http_status"] = NumberOf(stored, "http_status");
  (*entry)["reason"] = TextOrNull(TextOf(stored, "reason"));
  (*entry)["duration_ms"] = NumberOf(stored, "duration_ms");
}

}  // namespace

std::string EventJson(const Event& event) {
  return JsonRow(1024)
      .Count("sequence", event.sequence)
      .Text("at", FormatRfc3339(event.at))
      .Text("type", event.type)
      .TextOrNull("alert_id", event.alert_id)
      .TextOrNull("rule_id", event.rule_id)
      .TextOrNull("receiver", event.receiver)
      .LabelMap("labels", event.labels)
      .Json("body", BodyJson(event))
      .Finish();
}

Json AlertHistoryJson(const std::vector<Event>& events) {
  Json list = Json::array();
  for (const Event& event : events) {
    Json entry = {
        {"sequence", event.sequence}, {"type", event.type}, {"at", FormatRfc3339(event.at)}};
    const nlohmann::json stored = ParseJson(event.body);
    if (stored.is_object() && event.type.starts_with("notification.")) {
      AppendDelivery(event, stored, &entry);
    } else if (const Result<Alert> alert = ParseAlert(event.body)) {
      AppendStateOf(*alert, stored, &entry);
    } else if (stored.is_object() && event.type.starts_with("alert.")) {
      AppendWords(event, stored, &entry);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string EventsCsv(const std::vector<Event>& events) {
  std::string out(kCsvHead);
  for (const Event& event : events) {
    out += std::to_string(event.sequence);
    for (const std::string& cell :
         {FormatRfc3339(event.at), event.type, event.alert_id, event.rule_id, event.receiver,
          event.labels.ToString(), BodyJson(event)}) {
      out.push_back(',');
      AppendCell(cell, &out);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace tocsin::api
