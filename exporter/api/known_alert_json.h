// Alerts of every origin in the alerting API's shape, with what is said about them and what holds
// them back. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "exporter/api/alerting_json.h"
#include "exporter/api/known_alerts.h"
#include "receivers/alerts/alert_comments.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::api {

// What is known about an alert beside itself.
struct AboutAlert {
  std::optional<receivers::AnnouncementView> announced;
  Muting muting;
  std::size_t comments = 0;
};

// A firing alert that is held back is shown as "suppressed". Of one that a sender has posted,
// rule_id is null, and what only rules have is empty. More members may be written after these.
JsonRow KnownAlertRow(const KnownAlert& alert, const AboutAlert& about);

Json CommentJson(const receivers::AlertComment& comment);
// Oldest first.
Json CommentsJson(const std::vector<receivers::AlertComment>& comments);

// The history that a posted alert tells itself.
Json PostedEventsJson(const KnownAlert& posted);

}  // namespace tocsin::api
