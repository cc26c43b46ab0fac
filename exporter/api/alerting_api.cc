#include "exporter/api/alerting_api.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "base/text.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/command_answer.h"
#include "exporter/api/event_text.h"
#include "exporter/api/faults.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kMaxPage = 10'000;
// The newest, shown with an alert; the others are found by its id among all events.
constexpr std::size_t kMostEventsOfAlert = 100;

// ---- query parameters of GET /alerts

struct AlertQuery {
  std::vector<AlertState> states{AlertState::kFiring};
  std::optional<Severity> severity;
  std::optional<std::string> rule_id;
  std::size_t limit = kMaxPage;
  std::size_t offset = 0;
};

const std::vector<AlertState> kAllStates = {AlertState::kPending, AlertState::kFiring,
                                            AlertState::kAcknowledged, AlertState::kResolved};

void ReadStates(const Request& request, AlertQuery* query, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter("status");
  if (!text) return;
  query->states.clear();
  for (std::string_view word : Split(*text, ',')) {
    const std::string_view trimmed = TrimSpace(word);
    const std::optional<AlertState> state = ParseAlertState(trimmed);
    if (trimmed == "all") {
      query->states = kAllStates;
    } else if (state && *state != AlertState::kInactive) {
      query->states.push_back(*state);
    } else {
      faults->push_back(
          NoMemberFault("status", {"active", "acknowledged", "pending", "resolved", "all"}));
    }
  }
}

void ReadNumber(const Request& request, const char* name, std::size_t* value, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text) return;
  const std::optional<std::int64_t> number = ParseInt(*text);
  if (!number) {
    faults->push_back(Fault({"query", name}, "value is not a valid integer", "type_error.integer"));
  } else if (*number < 0) {
    faults->push_back(Fault({"query", name}, "ensure this value is greater than or equal to 0",
                            "value_error.number.not_ge", {{"limit_value", 0}}));
  } else {
    *value = static_cast<std::size_t>(*number);
  }
}

AlertQuery ReadAlertQuery(const Request& request, Json* faults) {
  AlertQuery query;
  ReadStates(request, &query, faults);
  ReadNumber(request, "limit", &query.limit, faults);
  ReadNumber(request, "offset", &query.offset, faults);
  query.rule_id = request.QueryParameter("rule_id");
  if (const std::optional<std::string> word = request.QueryParameter("severity")) {
    query.severity = ParseSeverity(*word);
    if (!query.severity) {
      faults->push_back(NoMemberFault("severity", {"critical", "high", "medium", "low", "info"}));
    }
  }
  return query;
}

bool Selected(const Alert& alert, const AlertQuery& query) {
  if (query.severity && alert.rule->severity != *query.severity) return false;
  return !query.rule_id || alert.rule->id == *query.rule_id;
}

// ---- bodies of commands

struct CommandBody {
  std::string actor = "api";
  std::string note;
  std::optional<Duration> expires_in;
  std::optional<Duration> sticky;
};

// How long a sticky acknowledgement outlives its alert where nobody says so.
constexpr Duration kStickyFor = std::chrono::minutes(10);

constexpr double kLongestAcknowledgement = 10.0 * 365 * 24 * 3600;  // seconds

// Seconds, or a duration as Prometheus writes it.
void ReadLasting(const nlohmann::json& body, const char* key, std::optional<Duration>* value,
                 Json* faults) {
  const auto found = body.find(key);
  if (found == body.end() || found->is_null()) return;
  std::optional<Duration> read;
  if (found->is_string()) {
    read = ParseDuration(found->get<std::string>());
  } else if (found->is_number() && found->get<double>() <= kLongestAcknowledgement) {
    read = Duration(static_cast<std::int64_t>(found->get<double>() * 1000));
  }
  if (read && *read > Duration(0)) {
    *value = read;
  } else {
    faults->push_back(Fault(
        {"body", key}, "ensure this value is a number of seconds greater than 0, or a duration",
        "value_error.duration"));
  }
}

void ReadText(const nlohmann::json& body, const char* key, std::string* value, Json* faults) {
  const auto found = body.find(key);
  if (found == body.end() || found->is_null()) return;
  if (found->is_string()) {
    *value = found->get<std::string>();
  } else {
    faults->push_back(Fault({"body", key}, "str type expected", "type_error.str"));
  }
}

// True, or for how long.
void ReadSticky(const nlohmann::json& body, std::optional<Duration>* value, Json* faults) {
  const auto found = body.find("sticky");
  if (found != body.end() && found->is_boolean()) {
    *value = found->get<bool>() ? kStickyFor : Duration(0);
  } else {
    ReadLasting(body, "sticky", value, faults);
  }
}

// Where the body names nobody, it was the holder of the key.
CommandBody ReadCommandBody(const Request& request, Json* faults) {
  CommandBody command;
  if (request.actor.known()) command.actor = request.actor.name;
  if (TrimSpace(request.body).empty()) return command;
  const nlohmann::json body = ReadObject(request.body, faults);
  ReadText(body, "actor", &command.actor, faults);
  ReadText(body, "note", &command.note, faults);
  ReadLasting(body, "expires_in", &command.expires_in, faults);
  ReadSticky(body, &command.sticky, faults);
  return command;
}

// For the audit log: what the alert was, and what was said of it.
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

Response AlertingApi::ListAlerts(const Request& request) const {
  Json faults = Json::array();
  const AlertQuery query = ReadAlertQuery(request, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  std::size_t total = 0;
  Json list = Json::array();
  for (const AlertPtr& alert : sources_.book.List(query.states)) {
    if (!Selected(*alert, query)) continue;
    ++total;
    if (total <= query.offset || list.size() >= query.limit) continue;
    list.push_back(AlertJson(*alert, sources_.announced(alert->id)));
  }
  Response response = JsonResponse(200, list);
  response.headers.emplace_back("X-Total-Count", std::to_string(total));
  return response;
}

Response AlertingApi::GetAlert(const std::string& id) const {
  const AlertPtr alert = sources_.book.Find(id);
  if (alert == nullptr) return Detail(404, "Alert not found");
  Json body = AlertJson(*alert, sources_.announced(id));
  body["events"] = HistoryOf(*alert);
  return JsonResponse(200, body);
}

// What the history has of an episode; where it has nothing (it is older than the history reaches
// back), what the alert itself tells.
Json AlertingApi::HistoryOf(const Alert& alert) const {
  if (!sources_.events) return EventsJson(alert);
  EventQuery query;
  query.alert_id = alert.id;
  query.limit = kMostEventsOfAlert;
  query.newest_first = true;
  Result<std::vector<Event>> events = sources_.events(query);
  if (!events || events->empty()) return EventsJson(alert);
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
  const std::string& id = request.captures[0];
  http::Change change = ChangeOf("alert.resolve", id, sources_.book.Find(id), body);
  CommandAnswer answer;
  sources_.engine.Resolve(id, body.actor, body.note, answer.Done());
  Response response = Respond(answer.Wait(), "Alert resolved successfully");
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
       {"active_alerts", sources_.book.List({AlertState::kFiring}).size()},
       {"pending_alerts", sources_.book.List({AlertState::kPending}).size()},
       {"acknowledged_alerts", sources_.book.List({AlertState::kAcknowledged}).size()},
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
  if (!request.stranger) {
    body["checks"] = {{"alert_manager", status.alert_manager_health()},
                      {"database", status.database_health()},
                      {"notifications", status.notifications_health()},
                      {"metrics_collection", status.collection_health()}};
  }
  return JsonResponse(overall == "unhealthy" ? 503 : 200, body);
}

}  // namespace tocsin::api
