#include "receivers/pipeline/group_channel.h"

#include <algorithm>

namespace tocsin::receivers {

NotificationStatus GroupNotification::status() const {
  const bool fires = std::any_of(alerts.begin(), alerts.end(),
                                 [](const FrozenAlert& one) { return !one.resolved; });
  return fires ? NotificationStatus::kFiring : NotificationStatus::kResolved;
}

}  // namespace tocsin::receivers
