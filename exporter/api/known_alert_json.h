// What is said about alerts, and what posted ones tell themselves, in the alerting API's shape.
// Pure functions.
#pragma once

#include <vector>

#include "exporter/api/alerting_json.h"
#include "exporter/api/known_alerts.h"
#include "receivers/alerts/alert_comments.h"

namespace tocsin::api {

Json CommentJson(const receivers::AlertComment& comment);
// Oldest first.
Json CommentsJson(const std::vector<receivers::AlertComment>& comments);

// The history that a posted alert tells itself.
Json PostedEventsJson(const KnownAlert& posted);

}  // namespace tocsin::api
