#include "receivers/outbox/delivery_record.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/text.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr int kRecordVersion = 2;
constexpr std::string_view kKeyPrefix = "episode/";

constexpr std::array<std::string_view, 5> kOutcomes = {"pending", "delivered", "retrying", "failed",
                                                       "superseded"};

std::string_view OutcomeName(Receipt::Last last) {
  return kOutcomes.at(static_cast<std::size_t>(last));
}

std::optional<Receipt::Last> ParseOutcome(std::string_view name) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes.at(i) == name) return static_cast<Receipt::Last>(i);
  }
  return std::nullopt;
}

std::optional<Timestamp> TimeFromJson(const json& j) {
  if (j.is_null()) return std::nullopt;
  return FromUnixMillis(j.get<std::int64_t>());
}

std::string AttemptToJson(const DeliveryAttempt& attempt) {
  return JsonRow(256)
      .Time("at", attempt.at)
      .Text("status", attempt.status)
      .Text("outcome", attempt.outcome)
      .Number("http_status", attempt.http_status)
      .Text("error", attempt.error)
      .Finish();
}

DeliveryAttempt AttemptFromJson(const json& j) {
  DeliveryAttempt attempt;
  attempt.at = FromUnixMillis(j.at("at").get<std::int64_t>());
  attempt.status = j.at("status").get<std::string>();
  attempt.outcome = j.at("outcome").get<std::string>();
  attempt.http_status = j.at("http_status").get<int>();
  attempt.error = j.at("error").get<std::string>();
  return attempt;
}

std::string ReceiptToJson(const Receipt& receipt) {
  std::string attempts = "[";
  for (const DeliveryAttempt& attempt : receipt.newest) {
    if (attempts.size() > 1) attempts.push_back(',');
    attempts += AttemptToJson(attempt);
  }
  attempts.push_back(']');
  return JsonRow()
      .Text("outcome", OutcomeName(receipt.last))
      .Count("attempts", receipt.attempts)
      .Text("last_error", receipt.last_error)
      .Json("newest", attempts)
      .Finish();
}

Receipt ReceiptFromJson(const json& j) {
  const std::optional<Receipt::Last> last = ParseOutcome(j.at("outcome").get<std::string>());
  if (!last) throw json::other_error::create(501, "unknown outcome", &j);
  Receipt receipt;
  receipt.last = *last;
  receipt.attempts = j.at("attempts").get<std::uint32_t>();
  receipt.last_error = j.at("last_error").get<std::string>();
  for (const json& attempt : j.at("newest")) receipt.newest.push_back(AttemptFromJson(attempt));
  return receipt;
}

DeliveryRecord RecordFromJson(const json& j) {
  if (j.at("v").get<int>() != kRecordVersion)
    throw json::other_error::create(501, "unknown version", &j);
  const std::optional<std::uint64_t> fingerprint =
      ParseHex64(j.at("fingerprint").get<std::string>());
  if (!fingerprint) throw json::other_error::create(501, "bad fingerprint", &j);
  DeliveryRecord record;
  record.fingerprint = *fingerprint;
  record.announced_at = TimeFromJson(j.at("announced_at"));
  record.confirmed = j.at("confirmed").get<std::set<std::uint64_t>>();
  record.last_notification_at = TimeFromJson(j.at("last_notification_at"));
  record.closed_at = TimeFromJson(j.at("closed_at"));
  for (const auto& [integration, receipt] : j.at("receipts").items()) {
    record.receipts.emplace(integration, ReceiptFromJson(receipt));
  }
  record.committed = true;
  return record;
}

std::string_view ReceiverOf(std::string_view integration) {
  return integration.substr(0, integration.rfind('/'));
}

}  // namespace

AnnouncementView DeliveryRecord::View() const {
  std::map<std::string_view, int> channels_of;
  for (const auto& [integration, receipt] : receipts) ++channels_of[ReceiverOf(integration)];
  AnnouncementView view;
  view.notifications_sent = static_cast<std::uint32_t>(confirmed.size());
  view.last_notification_at = last_notification_at;
  for (const auto& [integration, receipt] : receipts) {
    const std::string_view receiver = ReceiverOf(integration);
    ChannelDelivery delivery;
    delivery.receiver = channels_of[receiver] == 1 ? receiver : std::string_view(integration);
    delivery.last_outcome = OutcomeName(receipt.last);
    delivery.attempts = receipt.attempts;
    delivery.last_error = receipt.last_error;
    delivery.newest.assign(receipt.newest.begin(), receipt.newest.end());
    view.channels.push_back(std::move(delivery));
  }
  return view;
}

std::string RecordKey(std::string_view id) { return std::string(kKeyPrefix).append(id); }

std::string SerializeRecord(const DeliveryRecord& record) {
  JsonRow receipts;
  for (const auto& [integration, receipt] : record.receipts) {
    receipts.JsonOf(integration, ReceiptToJson(receipt));
  }
  const std::vector<std::uint64_t> confirmed(record.confirmed.begin(), record.confirmed.end());
  JsonRow row;
  row.Number("v", kRecordVersion)
      .Text("fingerprint", FormatHex64(record.fingerprint))
      .TimeOrNull("announced_at", record.announced_at)
      .Counts("confirmed", confirmed)
      .TimeOrNull("last_notification_at", record.last_notification_at)
      .TimeOrNull("closed_at", record.closed_at)
      .Json("receipts", receipts.Finish());
  return row.Finish();
}

Result<DeliveryRecord> ParseRecord(std::string_view key, std::string_view text) {
  if (key.substr(0, kKeyPrefix.size()) != kKeyPrefix) return Error{"unknown kind of row"};
  try {
    DeliveryRecord record = RecordFromJson(ParseJsonOrThrow(text));
    record.id = key.substr(kKeyPrefix.size());
    return record;
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a stored announcement: {}", e.what())};
  }
}

}  // namespace tocsin::receivers
