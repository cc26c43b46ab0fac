#include "receivers/outbox/row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json_text.h"
#include "receivers/alerts/alert_row.h"
#include "receivers/alerts/native_alert.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;

std::string Dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

Labels LabelsFromJson(const json& j) {
  LabelsBuilder labels;
  for (const auto& [name, value] : j.items()) labels.Set(name, value.get<std::string>());
  return labels.Build();
}

void AppendAlert(const FrozenAlert& frozen, std::string* out) {
  *out += frozen.resolved ? R"({"resolved":true,"posted":)" : R"({"resolved":false,"posted":)";
  *out += SerializePostedAlert(*frozen.alert);
  if (frozen.alert->native != nullptr) {
    *out += R"(,"native":)";
    *out += SerializeAlert(*frozen.alert->native);
  }
  out->push_back('}');
}

void AppendText(std::string_view name, std::string_view value, std::string* out) {
  *out += name;
  AppendJsonString(value, out);
}

void AppendLabels(std::string_view name, LabelsView labels, std::string* out) {
  *out += name;
  char before = '{';
  for (const Label& label : labels) {
    out->push_back(before);
    before = ',';
    AppendJsonString(label.name, out);
    out->push_back(':');
    AppendJsonString(label.value, out);
  }
  *out += before == '{' ? "{}" : "}";
}

void AppendHashes(std::string_view name, const AlertHashes& hashes, std::string* out) {
  *out += name;
  *out += fmt::format("[{}]", fmt::join(hashes, ","));
}

Result<FrozenAlert> AlertFromJson(const json& j) {
  Result<PostedAlert> posted = ParsePostedAlert(Dump(j.at("posted")));
  if (!posted) return posted.error();
  if (const auto native = j.find("native"); native != j.end()) {
    Result<Alert> alert = ParseAlert(Dump(*native));
    if (!alert) return alert.error();
    posted->hash = EpisodeHash(*alert);
    posted->native = std::make_shared<const Alert>(*std::move(alert));
  }
  FrozenAlert frozen;
  frozen.alert = std::make_shared<const PostedAlert>(*std::move(posted));
  frozen.resolved = j.at("resolved").get<bool>();
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
  told.dedup_key = j.at("dedup_key").get<std::string>();
  told.flush_number = j.at("flush_number").get<std::uint64_t>();
  for (const json& one : j.at("alerts")) {
    Result<FrozenAlert> alert = AlertFromJson(one);
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
  if (j.at("v").get<int>() != kVersion) return Error{"unknown version"};
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
  return row;
}

}  // namespace

std::string OutboxRow::key() const { return fmt::format("{:020}", sequence); }

void OutboxRow::Detach() {
  message.key.log_key.clear();
  message.key.thread = "dead letter " + key();
}

// Put together from texts: there may be as many rows as alerts, and a group may have ten thousands
// of them.
std::string SerializeRow(const OutboxRow& row) {
  const Message& message = row.message;
  const GroupNotification& told = message.notification;
  std::string text = fmt::format(
      R"({{"v":{},"sequence":{},"made_at":{},"attempts":{},"dead":{},"payload_refused":{},)"
      R"("last_status":{},"last_error":)",
      kVersion, row.sequence, ToUnixMillis(row.made_at), row.attempts, row.dead,
      row.payload_refused, row.last_status);
  AppendJsonString(row.last_error, &text);
  AppendText(R"(,"message":{"lane":)", message.key.lane, &text);
  AppendText(R"(,"thread":)", message.key.thread, &text);
  AppendText(R"(,"log_key":)", message.key.log_key, &text);
  AppendText(R"(,"receiver":)", told.receiver, &text);
  AppendText(R"(,"group_key":)", told.group_key, &text);
  AppendLabels(R"(,"group_labels":)", told.group_labels, &text);
  AppendLabels(R"(,"route_labels":)", told.route_labels, &text);
  AppendText(R"(,"external_url":)", told.external_url, &text);
  AppendText(R"(,"reason":)", NotificationReasonText(told.reason), &text);
  AppendText(R"(,"dedup_key":)", told.dedup_key, &text);
  AppendHashes(R"(,"firing":)", message.firing, &text);
  AppendHashes(R"(,"resolved":)", message.resolved, &text);
  AppendHashes(R"(,"known":)", message.known, &text);
  AppendHashes(R"(,"due_again":)", message.due_again, &text);
  text +=
      fmt::format(R"(,"flush_number":{},"repeat_interval":{},"time_limit":{},"alerts":[)",
                  told.flush_number, message.repeat_interval.count(), message.time_limit.count());
  for (const FrozenAlert& frozen : told.alerts) {
    if (&frozen != &told.alerts.front()) text.push_back(',');
    AppendAlert(frozen, &text);
  }
  text += "]}}";
  text.shrink_to_fit();  // it waits for its commit
  return text;
}

Result<OutboxRow> ParseRow(std::string_view text) {
  try {
    Result<OutboxRow> row = RowFromJson(json::parse(text));
    if (!row) return Error{"cannot read a row of the outbox: " + row.message()};
    return row;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a row of the outbox: {}", e.what())};
  }
}

}  // namespace tocsin::receivers
