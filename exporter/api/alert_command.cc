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

}  // namespace tocsin::api
