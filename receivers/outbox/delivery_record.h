// DeliveryRecord: how one episode of an alert fared with the receivers. A row of
// StateTable::kAnnouncements; the alert itself belongs to the rule engine.
//
// Belongs to DeliveryBook, on the dispatcher's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::receivers {

// How it fared with one integration.
struct Receipt {
  enum class Last : std::uint8_t { kPending, kDelivered, kRetrying, kFailed, kSuperseded };
  Last last = Last::kPending;  // of the newest notification
  std::uint32_t attempts = 0;
  std::string last_error;
  std::vector<DeliveryAttempt> newest;  // a few attempts, the oldest of them first
};

struct DeliveryRecord {
  std::string id;                 // of the episode
  std::uint64_t fingerprint = 0;  // of rule and label set
  std::optional<Timestamp> announced_at;
  std::set<std::uint64_t> confirmed;  // flush numbers of messages that a receiver has confirmed
  std::optional<Timestamp> last_notification_at;
  std::map<std::string, Receipt> receipts;  // by integration: "ops/webhook"
  std::optional<Timestamp> closed_at;       // the alert is over

  bool committed = false;  // the first announcement is durable; not stored

  AnnouncementView View() const;
};

std::string RecordKey(std::string_view id);  // in the table
std::string SerializeRecord(const DeliveryRecord& record);
Result<DeliveryRecord> ParseRecord(std::string_view key, std::string_view json);

}  // namespace tocsin::receivers
