#include "receivers/notification.h"

#include <fmt/format.h>

namespace tocsin::receivers {

std::string_view NotificationStatusName(NotificationStatus status) {
  return status == NotificationStatus::kFiring ? "firing" : "resolved";
}

std::string IdempotencyKey(std::string_view dedup_key, NotificationStatus status,
                           std::uint64_t flush_number) {
  return fmt::format("{}-{}-{}", dedup_key, NotificationStatusName(status), flush_number);
}

std::string Notification::IdempotencyKey() const {
  return receivers::IdempotencyKey(dedup_key, status, flush_number);
}

std::string RootGroupKey(LabelsView group_labels) { return "{}:" + group_labels.ToString(); }

}  // namespace tocsin::receivers
