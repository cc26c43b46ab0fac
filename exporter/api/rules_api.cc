#include "exporter/api/rules_api.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/json_text.h"
#include "base/number.h"
#include "base/text.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/command_body.h"
#include "exporter/api/faults.h"
#include "exporter/api/rule_export.h"

namespace tocsin::api {
namespace {

using http::Request;
using http::Response;

constexpr const char* kMounts[] = {"/api/v1/alerting", "/alerting"};
constexpr const char* kNoRule = "Alert rule not found";

// For the audit log: the rule as it was and as it is now; null where there was or is none.
void NoteRule(const char* action, const ThresholdRule* before, const RuleOutcome& outcome,
              Response* response) {
  if (outcome.kind != RuleOutcome::Kind::kDone) return;
  const ThresholdRule* const after = outcome.rule == nullptr ? nullptr : outcome.rule->rule.get();
  http::Change change{action, "", "", ""};
  if (before != nullptr) change.before = Dump(RuleDefinitionJson(*before));
  if (after != nullptr) change.after = Dump(RuleDefinitionJson(*after));
  change.target = after != nullptr ? after->id : before != nullptr ? before->id : "";
  http::NoteChange(std::move(change), response);
}

// The contract's: what the demonstration makes.
RuleBody DemoRule() {
  RuleBody rule;
  rule.name = "Demo High CPU Alert";
  rule.description = "Alert when CPU usage exceeds 80%";
  rule.metric_name = "system.cpu.usage";
  rule.condition = Condition::kGreater;
  rule.threshold_text = "80.0";
  rule.threshold = 80;
  rule.duration = std::chrono::seconds(60);
  rule.severity = Severity::kHigh;
  rule.notification_channels = {"email", "slack"};
  rule.cooldown = std::chrono::seconds(300);
  return rule;
}

}  // namespace

std::vector<http::Route> RulesApi::Routes() {
  std::vector<http::Route> routes;
  for (const char* mount : kMounts) {
    const auto add = [&](const char* method, const std::string& path, http::Handler handler) {
      routes.push_back(JsonRoute(method, mount + path, std::move(handler), http::Access::kOperate));
    };
    add("POST", "/rules", [this](const Request& r) { return Create(r); });
    add("PUT", "/rules/{id}", [this](const Request& r) { return Update(r); });
    add("DELETE", "/rules/{id}", [this](const Request& r) { return Remove(r); });
    add("POST", "/rules/{id}/enable", [this](const Request& r) { return SetEnabled(r, true); });
    add("POST", "/rules/{id}/disable", [this](const Request& r) { return SetEnabled(r, false); });
    add("POST", "/rules/validate", [this](const Request& r) { return Validate(r); });
    routes.push_back(JsonRoute("GET", std::string(mount) + "/rules/export",
                               [this](const Request&) { return Export(); }));
  }
  return routes;
}

std::vector<http::Route> RulesApi::DemoRoutes() {
  std::vector<http::Route> routes;
  for (const char* mount : kMounts) {
    routes.push_back(JsonRoute(
        "POST", std::string(mount) + "/demo/create-rule",
        [this](const Request& r) { return CreateDemoRule(r); }, http::Access::kOperate));
  }
  return routes;
}

Response RulesApi::Answer(const RuleOutcome& outcome) const {
  switch (outcome.kind) {
    case RuleOutcome::Kind::kDone:
      break;
    case RuleOutcome::Kind::kNotFound:
      return Detail(404, kNoRule);
    case RuleOutcome::Kind::kConflict:
      return Detail(409, outcome.detail);
    case RuleOutcome::Kind::kUnconfirmed:
      return Detail(503, "The change is in force, but the state store has not confirmed it yet");
    case RuleOutcome::Kind::kStopping:
      return Detail(503, "The daemon is stopping: nothing has changed");
  }
  if (outcome.rule == nullptr) {
    return JsonResponse(200, {{"message", "Alert rule deleted successfully"}});
  }
  const ThresholdRule& rule = *outcome.rule->rule;
  Json body = RuleJson(rule, outcome.rule->updated_at, outcome.rule.get());
  const std::vector<std::string> warnings =
      RuleWarnings(rule, *sources_.receivers(), sources_.staleness(), sources_.labels);
  if (!warnings.empty()) body["warnings"] = warnings;
  return JsonResponse(200, body);
}

std::shared_ptr<const ThresholdRule> RulesApi::RuleNow(const std::string& id) const {
  return sources_.rules().index->Find(id);
}

std::optional<Response> RulesApi::RefuseChange(const std::string& id) const {
  const std::shared_ptr<const ThresholdRule> rule = RuleNow(id);
  if (rule == nullptr || rule->source_file.empty()) return std::nullopt;
  return Detail(409, "Alert rule is defined in " + rule->source_file);
}

Response RulesApi::Create(const Request& request) const {
  Json faults = Json::array();
  const nlohmann::json object = ReadObject(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const RuleBody body =
      ReadRuleBody(object, RuleFields::kAllRequired, *sources_.receivers(), &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const RuleOutcome outcome = sources_.commands.create(body, ActorOf(request), request.creation_id);
  Response response = Answer(outcome);
  NoteRule("rule.create", nullptr, outcome, &response);
  return response;
}

Response RulesApi::Update(const Request& request) const {
  if (std::optional<Response> refused = RefuseChange(request.captures[0])) return *refused;
  Json faults = Json::array();
  const nlohmann::json object = ReadObject(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const RuleBody body =
      ReadRuleBody(object, RuleFields::kAnySubset, *sources_.receivers(), &faults);
  if (!faults.empty()) return Unprocessable(faults);
  return Change(request, body);
}

Response RulesApi::Change(const Request& request, const RuleBody& body) const {
  const std::shared_ptr<const ThresholdRule> before = RuleNow(request.captures[0]);
  const RuleOutcome outcome = sources_.commands.update(request.captures[0], body, ActorOf(request));
  Response response = Answer(outcome);
  NoteRule("rule.update", before.get(), outcome, &response);
  return response;
}

Response RulesApi::Remove(const Request& request) const {
  if (std::optional<Response> refused = RefuseChange(request.captures[0])) return *refused;
  const std::shared_ptr<const ThresholdRule> before = RuleNow(request.captures[0]);
  const RuleOutcome outcome = sources_.commands.remove(request.captures[0], ActorOf(request));
  Response response = Answer(outcome);
  NoteRule("rule.delete", before.get(), outcome, &response);
  return response;
}

Response RulesApi::SetEnabled(const Request& request, bool enabled) const {
  if (std::optional<Response> refused = RefuseChange(request.captures[0])) return *refused;
  RuleBody body;
  body.enabled = enabled;
  return Change(request, body);
}

Response RulesApi::Validate(const Request& request) const {
  Json faults = Json::array();
  const nlohmann::json object = ReadObject(request.body, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  const auto receivers = sources_.receivers();
  const RuleBody body = ReadRuleBody(object, RuleFields::kAllRequired, *receivers, &faults);
  if (!faults.empty()) return Unprocessable(faults);
  ThresholdRule rule;
  body.ApplyTo(&rule);
  return JsonResponse(
      200, {{"valid", true},
            {"warnings", RuleWarnings(rule, *receivers, sources_.staleness(), sources_.labels)}});
}

Response RulesApi::Export() const {
  const LoadedRules rules = sources_.rules();
  std::vector<std::shared_ptr<const ThresholdRule>> managed;
  for (const auto& rule : rules.index->rules()) {
    if (rules.ManagedOf(*rule) != nullptr) managed.push_back(rule);
  }
  Response response;
  response.content_type = "application/yaml";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"api_rules.yml\"");
  response.body = RulesAsFile(managed, *sources_.receivers_of_files());
  return response;
}

Response RulesApi::CreateDemoRule(const Request& request) const {
  const std::string actor = request.actor.known() ? request.actor.name : "demo";
  const RuleOutcome outcome = sources_.commands.create(DemoRule(), actor, request.creation_id);
  if (outcome.kind != RuleOutcome::Kind::kDone) return Answer(outcome);
  Response response = JsonResponse(
      200, {{"message", fmt::format("Demo rule created with ID: {}", outcome.rule->rule->id)}});
  NoteRule("rule.create", nullptr, outcome, &response);
  return response;
}

std::vector<http::Route> DemoTriggerRoutes(const http::Handler& submit) {
  const http::Handler trigger = [submit](const Request& request) -> Response {
    Json faults = Json::array();
    std::string name = "demo.metric";
    ReadWord(request, "metric_name", &name, &faults);
    const std::string text = request.QueryParameter("value").value_or("100.0");
    const std::optional<double> value = ParseFloat(text);
    if (!value) {
      faults.push_back(Fault({"query", "value"}, "value is not a valid float", "type_error.float"));
    } else if (!std::isfinite(*value)) {
      faults.push_back(
          Fault({"query", "value"}, "value must be a finite number", "type_error.float"));
    }
    if (!faults.empty()) return Unprocessable(faults);
    Request metric = request;
    const std::string number = FormatFloatPython(*value);
    metric.body = fmt::format(R"({{"metric_name":{},"value":{},"metadata":{{"source":"demo"}}}})",
                              JsonString(name), number);
    metric.body.reserve(metric.body.size() + http::kBodyPadding);
    Response submitted = submit(metric);
    if (submitted.status != 200) return submitted;
    return JsonResponse(200,
                        {{"message", fmt::format("Demo alert triggered for {}={}", name, number)}});
  };
  std::vector<http::Route> routes;
  for (const char* mount : kMounts) {
    routes.push_back(JsonRoute("POST", std::string(mount) + "/demo/trigger-alert", trigger,
                               http::Access::kPush));
  }
  return routes;
}

}  // namespace tocsin::api
