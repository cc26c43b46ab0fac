#include "exporter/api/alert_command.h"

#include "exporter/api/alerting_json.h"

namespace tocsin::api {

http::Change ChangeOf(const char* action, const std::string& id, const AlertPtr& alert,
                      const CommandBody& body) {
  http::Change change{action, id, "", ""};
  if (alert != nullptr) {
    change.before = Dump({{"status", std::string(AlertStateName(alert->state))},
                          {"acknowledged_by", TextOrNull(alert->acknowledged_by)}});
  }
  Json after = {{"by", body.actor}, {"note", TextOrNull(body.note)}};
  if (body.expires_in) after["expires_in"] = FormatDuration(*body.expires_in);
  change.after = Dump(after);
  return change;
}

evaluator::CommandResult ResolvingPosted(const KnownAlert& posted) {
  using evaluator::CommandResult;
  if (posted.state == AlertState::kResolved) return {};
  return {CommandResult::Kind::kConflict, "Alert was posted by a sender, who alone can end it"};
}

}  // namespace tocsin::api
