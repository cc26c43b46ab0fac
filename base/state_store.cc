#include "base/state_store.h"

#include <algorithm>

namespace tocsin {

std::string_view StateTableName(StateTable table) {
  switch (table) {
    case StateTable::kAlerts:
      return "alerts";
    case StateTable::kHolds:
      return "holds";
    case StateTable::kAnnouncements:
      return "announcements";
    case StateTable::kOutbox:
      return "outbox";
    case StateTable::kPushedGroups:
      return "pushed_groups";
    case StateTable::kSilences:
      return "silences";
    case StateTable::kNotificationLog:
      return "notification_log";
    case StateTable::kPostedAlerts:
      return "posted_alerts";
    case StateTable::kAcknowledgements:
      return "acknowledgements";
    case StateTable::kApiKeys:
      return "api_keys";
    case StateTable::kAudit:
      return "audit";
    case StateTable::kManagedRules:
      return "managed_rules";
    case StateTable::kManagedReceivers:
      return "managed_receivers";
    case StateTable::kIdempotencyKeys:
      return "idempotency_keys";
    case StateTable::kAlertComments:
      return "alert_comments";
  }
  return "";
}

Result<std::vector<StateStore::Row>> StateStore::ScanPart(StateTable table,
                                                          const Part& part) const {
  Result<std::vector<Row>> rows = Scan(table);
  if (!rows) return rows.error();
  std::erase_if(
      *rows, [&part](const Row& row) { return row.first < part.from || row.first >= part.below; });
  if (part.from_end) std::reverse(rows->begin(), rows->end());
  if (rows->size() > part.limit) rows->resize(part.limit);
  return rows;
}

}  // namespace tocsin
