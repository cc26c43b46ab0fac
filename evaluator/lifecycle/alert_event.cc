#include "evaluator/lifecycle/alert_event.h"

#include "base/json_row.h"

namespace tocsin::evaluator {
namespace {

// One member more in a JSON object.
void AddMember(std::string_view name, std::string_view json, std::string* object) {
  object->pop_back();
  object->append(",\"").append(name).append("\":").append(json).push_back('}');
}

}  // namespace

std::optional<Event> ChangeOfState(const Alert* before, const Alert& after, std::string row,
                                   std::string_view actor) {
  if (before != nullptr && before->state == after.state) return std::nullopt;
  Event event;
  event.at = after.updated_at;
  event.type = std::string("alert.").append(AlertStateName(after.state));
  event.alert_id = after.id;
  event.rule_id = after.rule->id;
  event.labels = after.labels;
  event.body = std::move(row);
  if (before != nullptr && before->state == AlertState::kAcknowledged &&
      after.state == AlertState::kFiring) {
    event.type = "alert.unacknowledged";
    const std::string why = JsonRow(64)
                                .Text("reason", actor.empty() ? "expired" : "removed")
                                .TextOrNull("actor", actor)
                                .Finish();
    AddMember("unacknowledged", why, &event.body);
  }
  return event;
}

}  // namespace tocsin::evaluator
