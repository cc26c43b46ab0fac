#include "receivers/outbox/delivery_event.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/json_row.h"

namespace tocsin::receivers {
namespace {

// A group may hold very many.
constexpr std::size_t kMostIds = 100;

std::string_view WhatItTells(const Message& message) {
  if (message.is_acknowledgement()) return "acknowledged";
  return NotificationStatusName(message.notification.status());
}

std::string RuleOf(const PostedAlert& alert) {
  return alert.native == nullptr ? std::string() : alert.native->rule->id;
}

// Of messages about one alert, that alert; of others what their alerts have in common.
void NameSubject(const GroupNotification& told, Event* event) {
  const PostedAlert& first = *told.alerts.front().alert;
  if (told.alerts.size() == 1) {
    event->alert_id = EpisodeId(first);
    event->labels = first.labels;
  } else {
    event->labels = told.group_labels;
  }
  const std::string rule = RuleOf(first);
  const bool is_of_one_rule =
      std::all_of(told.alerts.begin(), told.alerts.end(),
                  [&](const FrozenAlert& alert) { return RuleOf(*alert.alert) == rule; });
  if (is_of_one_rule) event->rule_id = rule;
}

}  // namespace

Event AttemptEvent(const OutboxRow& row, const GroupIntegration& integration,
                   const Outcome& outcome, bool given_up, Duration took, Timestamp now) {
  const GroupNotification& told = row.message.notification;
  const bool delivered = outcome.kind == Outcome::Kind::kDelivered;
  Event event;
  event.at = now;
  event.type = delivered  ? "notification.delivered"
               : given_up ? "notification.dead"
                          : "notification.failed";
  event.receiver = integration.receiver;
  NameSubject(told, &event);
  std::vector<std::string> ids;
  for (const FrozenAlert& alert : told.alerts) {
    if (ids.size() == kMostIds) break;
    ids.push_back(EpisodeId(*alert.alert));
  }
  event.body = JsonRow()
                   .Text("integration", integration.id)
                   .Text("group_key", told.group_key)
                   .Text("status", WhatItTells(row.message))
                   .Count("alerts", told.alerts.size())
                   .Texts("alert_ids", ids)
                   .Count("message", row.sequence)
                   .Count("attempts", row.attempts)
                   .Number("http_status", outcome.http_status)
                   .TextOrNull("reason", outcome.reason)
                   .Number("duration_ms", took.count())
                   .Finish();
  return event;
}

}  // namespace tocsin::receivers
