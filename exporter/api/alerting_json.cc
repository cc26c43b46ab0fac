#include "exporter/api/alerting_json.h"

#include "base/json_library.h"

namespace tocsin::api {
namespace {

std::int64_t Seconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

}  // namespace

std::string Dump(const Json& json) { return WriteJson(json); }

http::Response JsonResponse(int status, const Json& body) {
  return JsonTextResponse(status, Dump(body));
}

http::Response JsonTextResponse(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

http::Route JsonRoute(std::string method, std::string pattern, http::Handler handler,
                      http::Access access) {
  http::Route route;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.handler = std::move(handler);
  route.errors = http::ErrorStyle::kJson;
  route.access = access;
  return route;
}

std::string ActorOf(const http::Request& request) {
  return request.actor.known() ? request.actor.name : "api";
}

Json TimeOrNull(const std::optional<Timestamp>& t) { return t ? Json(FormatRfc3339(*t)) : Json(); }
Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json LabelsJson(LabelsView labels) {
  Json out = Json::object();
  for (const Label& label : labels) out[std::string(label.name)] = std::string(label.value);
  return out;
}

http::Response Detail(int status, const std::string& detail) {
  return JsonResponse(status, {{"detail", detail}});
}

Json RuleDefinitionJson(const ThresholdRule& rule) {
  Json matchers = Json::object();
  for (const Matcher& matcher : rule.matchers) {
    if (matcher.op() == Matcher::Op::kEqual) matchers[matcher.name()] = matcher.value();
  }
  Json all_matchers = Json::array();
  for (const Matcher& matcher : rule.matchers) all_matchers.push_back(matcher.ToString());
  return {{"id", rule.id},
          {"name", rule.name},
          {"rule_name", rule.name},
          {"description", TextOrNull(rule.description)},
          {"metric_name", rule.metric_name},
          {"labels", std::move(matchers)},
          {"matchers", std::move(all_matchers)},
          {"condition", std::string(ConditionSymbol(rule.condition))},
          {"threshold", rule.threshold_text},
          {"duration", Seconds(rule.duration)},
          {"severity", std::string(SeverityName(rule.severity))},
          {"enabled", rule.enabled},
          {"notification_channels", rule.notification_channels},
          {"notification_template", TextOrNull(rule.notification_template)},
          {"cooldown_period", Seconds(rule.cooldown)},
          {"stale_alerts",
           rule.stale_alerts ? Json(std::string(StaleAlertsName(*rule.stale_alerts))) : Json()},
          {"runbook_url", TextOrNull(rule.runbook_url)},
          {"dashboard_url", TextOrNull(rule.dashboard_url)}};
}

Json RuleJson(const ThresholdRule& rule, Timestamp loaded_at,
              const evaluator::ManagedRule* managed) {
  Json json = RuleDefinitionJson(rule);
  json["source"] = rule.source_file.empty() ? "api" : "file";
  json["source_file"] = TextOrNull(rule.source_file);
  json["source_line"] = rule.source_line;
  json["created_by"] = managed == nullptr ? Json() : TextOrNull(managed->created_by);
  json["created_at"] = FormatRfc3339(managed == nullptr ? loaded_at : managed->created_at);
  json["updated_at"] = FormatRfc3339(managed == nullptr ? loaded_at : managed->updated_at);
  return json;
}

Json EventsJson(const Alert& alert) {
  Json events = Json::array();
  const auto add = [&events](AlertState state, Timestamp at) -> Json& {
    return events.emplace_back(
        Json{{"status", std::string(AlertStateName(state))}, {"at", FormatRfc3339(at)}});
  };
  // Without a duration an alert fires at once and was never pending.
  if (alert.triggered_at != alert.pending_since) add(AlertState::kPending, alert.pending_since);
  if (alert.triggered_at) add(AlertState::kFiring, *alert.triggered_at);
  if (alert.acknowledged_at) {
    Json& event = add(AlertState::kAcknowledged, *alert.acknowledged_at);
    event["actor"] = TextOrNull(alert.acknowledged_by);
    event["note"] = TextOrNull(alert.acknowledge_note);
  }
  if (alert.resolved_at) {
    Json& event = add(AlertState::kResolved, *alert.resolved_at);
    event["reason"] = std::string(ResolveReasonName(alert.resolved_reason));
    event["actor"] = TextOrNull(alert.resolved_by);
    event["note"] = TextOrNull(alert.resolve_note);
  }
  return events;
}

}  // namespace tocsin::api
