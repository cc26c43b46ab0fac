// One row of the outbox: a notification for one integration that is not yet confirmed. Written
// before its first attempt and removed after the other side has taken it, so that a killed process
// sends it again, with the same key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/alert.h"
#include "base/result.h"
#include "receivers/notification.h"

namespace tocsin::receivers {

struct OutboxRow {
  std::string integration;  // "ops/webhook"
  NotificationStatus status = NotificationStatus::kFiring;
  std::uint32_t flush_number = 1;
  std::uint64_t sequence = 0;  // grows from row to row: the order in which they were made
  Timestamp made_at;
  AlertPtr alert;  // as it was then
  std::uint32_t attempts = 0;
  bool dead = false;             // given up
  bool payload_refused = false;  // of a dead one: not tried again with the same settings
  std::string last_error;

  // Unique in the table: the message's idempotency key and the integration.
  std::string key() const;
};

// JSON; `alert_json` is SerializeAlert(*row.alert), made once for all the rows of an alert.
std::string SerializeRow(const OutboxRow& row, std::string_view alert_json);
Result<OutboxRow> ParseRow(std::string_view json);

}  // namespace tocsin::receivers
