// Alerts of every origin in the alerting API's shape, with what is said about them and what holds
// them back. Written member by member: a list may have thousands. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/alert.h"
#include "base/json_row.h"
#include "exporter/api/known_alerts.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::api {

// An alert's members; `status` is AlertStateName, or what holds it back.
void WriteAlert(const Alert& alert, std::string_view status, JsonRow* row);
// ... and those of what has been told of it.
void WriteAnnouncement(const std::optional<receivers::AnnouncementView>& announced, JsonRow* row);
// A time as RFC 3339, or null.
void WriteTime(std::string_view name, const std::optional<Timestamp>& time, JsonRow* row);

// Why it is over. "expired": its sender has fallen silent.
std::string_view EndOfPosted(const receivers::PostedAlert& alert);

// What is known about an alert beside itself.
struct AboutAlert {
  std::optional<receivers::AnnouncementView> announced;
  Muting muting;
  std::size_t comments = 0;
};

// A firing alert that is held back is shown as "suppressed". Of one that a sender has posted,
// rule_id is null, and what only rules have is empty. More members may be written after these.
JsonRow KnownAlertRow(const KnownAlert& alert, const AboutAlert& about);

}  // namespace tocsin::api
