#include "receivers/outbox/row.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

Result<OutboxRow> RowFromJson(const json& j) {
  if (j.at("v").get<int>() != kVersion) return Error{"unknown version"};
  Result<Alert> alert =
      ParseAlert(j.at("alert").dump(-1, ' ', false, json::error_handler_t::replace));
  if (!alert) return alert.error();
  OutboxRow row;
  row.integration = j.at("integration").get<std::string>();
  row.status =
      j.at("resolved").get<bool>() ? NotificationStatus::kResolved : NotificationStatus::kFiring;
  row.flush_number = j.at("flush_number").get<std::uint32_t>();
  row.sequence = j.at("sequence").get<std::uint64_t>();
  row.made_at = FromUnixMillis(j.at("made_at").get<std::int64_t>());
  row.alert = std::make_shared<const Alert>(*std::move(alert));
  row.attempts = j.at("attempts").get<std::uint32_t>();
  row.dead = j.at("dead").get<bool>();
  row.payload_refused = j.at("payload_refused").get<bool>();
  row.last_error = j.at("last_error").get<std::string>();
  return row;
}

}  // namespace

std::string OutboxRow::key() const {
  return fmt::format("{}/{}", IdempotencyKey(alert->id, status, flush_number), integration);
}

std::string SerializeRow(const OutboxRow& row, std::string_view alert_json) {
  const json head = {{"v", kVersion},
                     {"integration", row.integration},
                     {"resolved", row.status == NotificationStatus::kResolved},
                     {"flush_number", row.flush_number},
                     {"sequence", row.sequence},
                     {"made_at", ToUnixMillis(row.made_at)},
                     {"attempts", row.attempts},
                     {"dead", row.dead},
                     {"payload_refused", row.payload_refused},
                     {"last_error", row.last_error}};
  std::string text = head.dump(-1, ' ', false, json::error_handler_t::replace);
  text.pop_back();  // the closing brace: the alert's text goes in as it is
  text += ",\"alert\":";
  text += alert_json;
  text += "}";
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
