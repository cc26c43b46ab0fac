#include "exporter/api/alerting_api.h"

#include <algorithm>

#include "exporter/api/alert_command.h"
#include "exporter/api/alert_query.h"
#include "exporter/api/alert_row.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/command_answer.h"
#include "exporter/api/command_body.h"
#include "exporter/api/event_text.h"
#include "exporter/api/faults.h"
#include "exporter/api/health_json.h"
#include "exporter/api/known_alert_json.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

// The newest, shown with an alert; the others are found by its id among all events.
constexpr std::size_t kMostEventsOfAlert = 100;

constexpr const char* kNoAlert = "Alert not found";
constexpr const char* kResolved = "Alert resolved successfully";

Response Respond(const std::optional<evaluator::CommandResult>& result, const char* done_message) {
  if (!result) {
    return Detail(503, "The change is in force, but the state store has not confirmed it yet");
  }
  switch (result->kind) {
    case evaluator::CommandResult::Kind::kDone:
      break;
    case evaluator::CommandResult::Kind::kNotFound:
      return Detail(404, result->detail);
    case evaluator::CommandResult::Kind::kConflict:
      return Detail(409, result->detail);
  }
  return JsonResponse(200, {{"message", done_message}});
}

}  // namespace

const evaluator::ManagedRule* LoadedRules::ManagedOf(const ThresholdRule& rule) const {
  if (managed == nullptr) return nullptr;
  const auto found = managed->find(rule.id);
  return found == managed->end() ? nullptr : found->second.get();
}

std::vector<http::Route> AlertingApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : {"/api/v1/alerting", "/alerting"}) {
    const auto add = [&](const char* method, const std::string& path, http::Handler handler,
                         http::Access access = http::Access::kByMethod) {
      routes.push_back(JsonRoute(method, mount + path, std::move(handler), access));
    };
    add("GET", "/rules", [this](const Request&) { return ListRules(); });
    add("GET", "/rules/{id}", [this](const Request& r) { return GetRule(r.captures[0]); });
    add("GET", "/alerts", [this](const Request& r) { return ListAlerts(r); });
    add("GET", "/alerts/{id}", [this](const Request& r) { return GetAlert(r.captures[0]); });
    add(
        "POST", "/alerts/{id}/acknowledge", [this](const Request& r) { return Acknowledge(r); },
        http::Access::kOperate);
    add(
        "POST", "/alerts/{id}/resolve", [this](const Request& r) { return Resolve(r); },
        http::Access::kOperate);
    add("GET", "/status", [this](const Request&) { return Status(); });
    add(
        "GET", "/health", [this](const Request& r) { return Health(r); }, http::Access::kOpen);
  }
  return routes;
}

Response AlertingApi::ListRules() const {
  const LoadedRules rules = sources_.rules();
  Json list = Json::array();
  for (const auto& rule : rules.index->rules()) {
    list.push_back(RuleJson(*rule, rules.loaded_at, rules.ManagedOf(*rule)));
  }
  return JsonResponse(200, list);
}

Response AlertingApi::GetRule(const std::string& id) const {
  const LoadedRules rules = sources_.rules();
  const std::shared_ptr<const ThresholdRule> rule = rules.index->Find(id);
  if (rule == nullptr) return Detail(404, "Alert rule not found");
  return JsonResponse(200, RuleJson(*rule, rules.loaded_at, rules.ManagedOf(*rule)));
}

JsonRow AlertingApi::Shown(const KnownAlert& alert) const {
  const std::string id = alert.id();
  AboutAlert about;
  if (alert.native != nullptr) about.announced = sources_.announced(id);
  about.muting = sources_.alerts.MutingOf(alert);
  about.comments = sources_.comments.CountOf(id);
  return KnownAlertRow(alert, about);
}

Response AlertingApi::ListAlerts(const Request& request) const {
  Json faults = Json::array();
  const AlertQuery query = ReadAlertQuery(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  std::size_t total = 0;
  std::size_t shown = 0;
  std::string list = "[";
  for (const KnownAlert& alert : sources_.alerts.List(query.states)) {
    if (!query.Selects(alert)) continue;
    ++total;
    if (total <= query.offset || shown >= query.limit) continue;
    if (shown++ > 0) list.push_back(',');
    list += Shown(alert).Finish();
  }
  list.push_back(']');
  Response response = JsonTextResponse(200, std::move(list));
  response.headers.emplace_back("X-Total-Count", std::to_string(total));
  return response;
}

Response AlertingApi::GetAlert(const std::string& id) const {
  const std::optional<KnownAlert> alert = sources_.alerts.Find(id);
  if (!alert) return Detail(404, kNoAlert);
  return JsonTextResponse(
      200, Shown(*alert)
               .Json("comments", Dump(CommentsJson(sources_.comments.Of(alert->id()))))
               .Json("events", Dump(HistoryOf(*alert)))
               .Finish());
}

// What the history has of an episode; where it has nothing (it is older than the history reaches
// back), what the alert itself tells.
Json AlertingApi::HistoryOf(const KnownAlert& alert) const {
  const auto told_by_itself = [&alert] {
    return alert.native ? EventsJson(*alert.native) : PostedEventsJson(alert);
  };
  if (!sources_.events) return told_by_itself();
  EventQuery query;
  query.alert_id = alert.id();
  query.limit = kMostEventsOfAlert;
  query.newest_first = true;
  Result<std::vector<Event>> events = sources_.events(query);
  if (!events || events->empty()) return told_by_itself();
  std::reverse(events->begin(), events->end());
  return AlertHistoryJson(*events);
}

Response AlertingApi::Acknowledge(const Request& request) {
  Json faults = Json::array();
  const CommandBody body = ReadCommandBody(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const std::string& id = request.captures[0];
  http::Change change = ChangeOf("alert.acknowledge", id, sources_.book.Find(id), body);
  const AcknowledgeCommand command{body.actor, body.note, body.expires_in, body.sticky};
  Response response = Respond(sources_.acknowledgements.Acknowledge(id, command),
                              "Alert acknowledged successfully");
  http::NoteChange(std::move(change), &response);
  return response;
}

Response AlertingApi::Resolve(const Request& request) {
  Json faults = Json::array();
  const CommandBody body = ReadCommandBody(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const std::optional<KnownAlert> alert = sources_.alerts.Find(request.captures[0]);
  if (!alert) return Detail(404, kNoAlert);
  if (alert->native == nullptr) return Respond(ResolvingPosted(*alert), kResolved);
  const std::string id = alert->id();
  http::Change change = ChangeOf("alert.resolve", id, alert->native, body);
  CommandAnswer answer;
  sources_.engine.Resolve(id, body.actor, body.note, answer.Done());
  Response response = Respond(answer.Wait(), kResolved);
  http::NoteChange(std::move(change), &response);
  return response;
}

Response AlertingApi::Status() const {
  const DaemonStatus status = sources_.status();
  Json receivers = Json::object();
  for (const ReceiverStatus& receiver : status.receivers) {
    receivers[receiver.name] = {
        {"health", receiver.health},
        {"last_error", receiver.last_error.empty() ? Json() : Json(receiver.last_error)}};
  }
  return JsonResponse(
      200,
      {{"status", status.overall()},
       {"timestamp", FormatRfc3339(status.now)},
       {"active_alerts", sources_.alerts.Count(AlertState::kFiring)},
       {"pending_alerts", sources_.alerts.Count(AlertState::kPending)},
       {"acknowledged_alerts", sources_.alerts.Count(AlertState::kAcknowledged)},
       {"total_rules", status.rules_total},
       {"enabled_rules", status.rules_enabled},
       {"notifications_sent_24h", status.notifications_sent_24h},
       {"system_health",
        {{"alert_manager", status.alert_manager_health()},
         {"notification_channels", status.notifications_health()},
         {"database", status.database_health()},
         {"metrics_collection", status.collection_health()}}},
       {"database_error", status.store_trouble ? Json(*status.store_trouble) : Json()},
       {"outbox_pending", status.outbox_pending},
       {"dead_letters", status.outbox_dead},
       {"websocket_connections", status.websocket_connections},
       {"channels", receivers},
       {"series", status.series},
       {"config",
        {{"last_reload_successful", status.reload.successful},
         {"last_reload_at", FormatRfc3339(status.reload.at)},
         {"problems", status.reload.problems}}},
       {"version", status.version},
       {"uptime_seconds",
        std::chrono::duration_cast<std::chrono::seconds>(status.now - status.started).count()}});
}

// Whoever comes without a key, where keys are asked for, learns how we are, but not why.
Response AlertingApi::Health(const Request& request) const {
  const DaemonStatus status = sources_.status();
  const std::string overall = status.overall();
  Json body = {{"status", overall},
               {"timestamp", FormatRfc3339(status.now)},
               {"service", "pynomaly-alerting"}};
  if (!request.stranger) body.update(HealthDetailsJson(status));
  return JsonResponse(overall == "unhealthy" ? 503 : 200, body);
}

}  // namespace tocsin::api
