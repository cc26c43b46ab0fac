#include "exporter/api/known_alert_json.h"

#include <string>

#include "exporter/api/alert_row.h"

namespace tocsin::api {

Json CommentJson(const receivers::AlertComment& comment) {
  return {{"id", comment.id},
          {"alert_id", comment.alert_id},
          {"actor", comment.actor},
          {"text", comment.text},
          {"at", FormatRfc3339(comment.at)}};
}

Json CommentsJson(const std::vector<receivers::AlertComment>& comments) {
  Json list = Json::array();
  for (const receivers::AlertComment& comment : comments) list.push_back(CommentJson(comment));
  return list;
}

Json PostedEventsJson(const KnownAlert& posted) {
  const receivers::PostedAlert& alert = *posted.posted;
  Json events = Json::array();
  const auto add = [&events](AlertState state, Timestamp at) {
    events.push_back({{"status", std::string(AlertStateName(state))}, {"at", FormatRfc3339(at)}});
  };
  add(AlertState::kFiring, alert.starts_at);
  if (posted.state == AlertState::kResolved) {
    add(AlertState::kResolved, alert.ends_at);
    events.back()["reason"] = std::string(EndOfPosted(alert));
  }
  return events;
}

}  // namespace tocsin::api
