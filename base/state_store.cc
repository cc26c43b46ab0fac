#include "base/state_store.h"

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
  }
  return "";
}

}  // namespace tocsin
