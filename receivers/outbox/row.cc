#include "receivers/outbox/row.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/json_text.h"
#include "receivers/alerts/alert_row.h"
#include "receivers/alerts/native_alert.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kOutboxRowVersion = 2;

Labels LabelsFromJson(const json& j) {
  LabelsBuilder labels;
  for (const auto& [name, value] : j.items()) labels.Set(name, value.get<std::string>());
  return labels.Build();
}

void AppendFrozenAlert(const FrozenAlert& frozen, std::string* out) {
  *out += frozen.resolved ? R"({"resolved":true,"posted":)" : R"({"resolved":false,"posted":)";
  *out += SerializePostedAlert(*frozen.alert);
  if (frozen.acknowledged != nullptr) {
    JsonRow by(64);
    by.Text("actor", frozen.acknowledged->actor).Text("note", frozen.acknowledged->note);
    *out += R"(,"acknowledged":)";
    *out += by.Finish();
  }
  if (frozen.alert->native != nullptr) {
    *out += R"(,"native":)";
    *out += SerializeAlert(*frozen.alert->native);
  }
  out->push_back('}');
}

std::string SerializeMessage(const Message& message) {
  const GroupNotification& told = message.notification;
  std::string alerts = "[";
  for (const FrozenAlert& frozen : told.alerts) {
    if (alerts.size() > 1) alerts.push_back(',');
    AppendFrozenAlert(frozen, &alerts);
  }
  alerts.push_back(']');
  JsonRow remembered(2);
  for (const auto& [name, value] : told.remembered) remembered.JsonOf(name, JsonString(value));
  JsonRow row(alerts.size() + 1024);
  row.Text("lane", message.key.lane)
      .Text("thread", message.key.thread)
      .Text("log_key", message.key.log_key)
      .Text("receiver", told.receiver)
      .Text("group_key", told.group_key)
      .LabelMap("group_labels", told.group_labels)
      .LabelMap("route_labels", told.route_labels)
      .Text("external_url", told.external_url)
      .Text("reason", NotificationReasonText(told.reason))
      .Json("remembered", remembered.Finish())
      .Text("dedup_key", told.dedup_key)
      .Count("flush_number", told.flush_number)
      .Counts("firing", message.firing)
      .Counts("resolved", message.resolved)
      .Counts("known", message.known)
      .Counts("due_again", message.due_again)
      .Number("repeat_interval", message.repeat_interval.count())
      .Number("time_limit", message.time_limit.count())
      .Json("alerts", alerts);
  return row.Finish();
}

Result<FrozenAlert> FrozenAlertFromJson(const json& j) {
  Result<PostedAlert> posted = ParsePostedAlert(WriteJson(j.at("posted")));
  if (!posted) return posted.error();
  if (const auto native = j.find("native"); native != j.end()) {
    Result<Alert> alert = ParseAlert(WriteJson(*native));
    if (!alert) return alert.error();
    posted->hash = EpisodeHash(*alert);
    posted->native = std::make_shared<const Alert>(*std::move(alert));
  }
  FrozenAlert frozen;
  frozen.alert = std::make_shared<const PostedAlert>(*std::move(posted));
  frozen.resolved = j.at("resolved").get<bool>();
  if (const auto by = j.find("acknowledged"); by != j.end()) {
    frozen.acknowledged = std::make_shared<const AlertAcknowledgement>(AlertAcknowledgement{
        by->at("actor").get<std::string>(), by->at("note").get<std::string>()});
  }
  return frozen;
}

Result<Message> MessageFromJson(const json& j) {
  Message message;
  message.key.lane = j.at("lane").get<std::string>();
  message.key.thread = j.at("thread").get<std::string>();
  message.key.log_key = j.at("log_key").get<std::string>();
  GroupNotification& told = message.notification;
  told.receiver = j.at("receiver").get<std::string>();
  told.group_key = j.at("group_key").get<std::string>();
  told.group_labels = LabelsFromJson(j.at("group_labels"));
  told.route_labels = LabelsFromJson(j.at("route_labels"));
  const std::optional<NotificationReason> reason =
      ParseNotificationReason(j.at("reason").get<std::string>());
  if (!reason) return Error{"unknown reason"};
  told.reason = *reason;
  told.external_url = j.at("external_url").get<std::string>();
  if (const auto remembered = j.find("remembered"); remembered != j.end()) {
    told.remembered = remembered->get<std::map<std::string, std::string>>();
  }
  told.dedup_key = j.at("dedup_key").get<std::string>();
  told.flush_number = j.at("flush_number").get<std::uint64_t>();
  for (const json& one : j.at("alerts")) {
    Result<FrozenAlert> alert = FrozenAlertFromJson(one);
    if (!alert) return alert.error();
    told.alerts.push_back(*std::move(alert));
  }
  if (told.alerts.empty()) return Error{"no alerts"};
  message.firing = j.at("firing").get<AlertHashes>();
  message.resolved = j.at("resolved").get<AlertHashes>();
  message.known = j.at("known").get<AlertHashes>();
  message.due_again = j.at("due_again").get<AlertHashes>();
  message.repeat_interval = Duration(j.at("repeat_interval").get<std::int64_t>());
  message.time_limit = Duration(j.at("time_limit").get<std::int64_t>());
  return message;
}

Result<OutboxRow> RowFromJson(const json& j) {
  if (j.at("v").get<int>() != kOutboxRowVersion) return Error{"unknown version"};
  Result<Message> message = MessageFromJson(j.at("message"));
  if (!message) return message.error();
  OutboxRow row;
  row.message = *std::move(message);
  row.sequence = j.at("sequence").get<std::uint64_t>();
  row.made_at = FromUnixMillis(j.at("made_at").get<std::int64_t>());
  row.attempts = j.at("attempts").get<std::uint32_t>();
  row.dead = j.at("dead").get<bool>();
  row.payload_refused = j.at("payload_refused").get<bool>();
  row.last_error = j.at("last_error").get<std::string>();
  row.last_status = j.at("last_status").get<int>();
  row.partly_taken = j.value("partly_taken", false);
  return row;
}

}  // namespace

std::string OutboxRow::key() const { return fmt::format("{:020}", sequence); }

void OutboxRow::Detach() {
  message.key.log_key.clear();
  message.key.thread = "dead letter " + key();
}

bool OutboxRow::GoesTogetherWith(const OutboxRow& other) const {
  if (partly_taken != other.partly_taken) return false;
  return !partly_taken || message.notification.remembered == other.message.notification.remembered;
}

std::string SerializeRow(const OutboxRow& row) {
  JsonRow text(2048);
  text.Number("v", kOutboxRowVersion)
      .Count("sequence", row.sequence)
      .Time("made_at", row.made_at)
      .Count("attempts", row.attempts)
      .Flag("dead", row.dead)
      .Flag("payload_refused", row.payload_refused)
      .Text("last_error", row.last_error)
      .Number("last_status", row.last_status)
      .Flag("partly_taken", row.partly_taken)
      .Json("message", SerializeMessage(row.message));
  std::string whole = text.Finish();
  whole.shrink_to_fit();  // it waits for its commit
  return whole;
}

Result<OutboxRow> ParseRow(std::string_view text) {
  try {
    Result<OutboxRow> row = RowFromJson(ParseJsonOrThrow(text));
    if (!row) return Error{"cannot read a row of the outbox: " + row.message()};
    return row;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a row of the outbox: {}", e.what())};
  }
}

}  // namespace tocsin::receivers
