// Of the routes of rules_api.cc, and those of alerting_api.cc that show rules.
#include "config/receivers.h"
#include "exporter/api/operation.h"
#include "exporter/api/rule_body.h"
#include "exporter/api/rules_api.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kRules = "rules";

Json SecondsOfRule() {
  return OneOf({Integer(0, RuleLimits::kSeconds), Pattern("^\\s*[0-9]+\\s*$")});
}

// What POST and PUT read; of a rule that is shown, the same but for its spellings.
Json RuleProperties() {
  const Json word = Text(1, RuleLimits::kWordCharacters);
  const Json text = OrNull(Text(0, RuleLimits::kTextCharacters));
  Json severity = {{"type", "string"},
                   {"examples", kSeverityWords},
                   {"description", "In any case; warning is another word for medium"}};
  Json channels = ListOf(Text(), RuleLimits::kChannels);
  channels["examples"] = Json::array({config::kContractChannels});
  channels["description"] = "Names of receivers; the six of the contract are always known";
  Json labels = MapOf(Text());
  labels["maxProperties"] = RuleLimits::kLabels;
  labels["description"] = "What the labels of a series must equal";
  Json link = OrNull(Text(0, kMaxRuleUrlBytes));
  link["description"] = "An http or https URL, which messages link to";
  Json stale_alerts = OrNull(Word(kStaleAlertsWords));
  stale_alerts["description"] =
      "What becomes of an alert whose data stops; null: as tocsin.stale_alerts says";
  return {{"name", word},
          {"description", text},
          {"metric_name", word},
          {"labels", labels},
          {"condition", Pattern(kConditionPattern)},
          {"threshold", OneOf({word, Number()})},
          {"duration", SecondsOfRule()},
          {"severity", severity},
          {"enabled", Flag()},
          {"notification_channels", channels},
          {"notification_template", text},
          {"cooldown_period", SecondsOfRule()},
          {"stale_alerts", stale_alerts},
          {"runbook_url", link},
          {"dashboard_url", link}};
}

Json ShownRule() {
  return Object({{"id", Text()},
                 {"name", Text()},
                 {"rule_name", Text()},
                 {"description", OrNull(Text())},
                 {"metric_name", Text()},
                 {"labels", MapOf(Text())},
                 {"matchers", ListOf(Text())},
                 {"condition", Pattern(kConditionPattern)},
                 {"threshold", Text()},
                 {"duration", Count()},
                 {"severity", Word(kSeverityWords)},
                 {"enabled", Flag()},
                 {"notification_channels", ListOf(Text())},
                 {"notification_template", OrNull(Text())},
                 {"cooldown_period", Count()},
                 {"stale_alerts", OrNull(Word(kStaleAlertsWords))},
                 {"runbook_url", OrNull(Text())},
                 {"dashboard_url", OrNull(Text())},
                 {"source", Word({"api", "file"})},
                 {"source_file", OrNull(Text())},
                 {"source_line", Count()},
                 {"created_by", OrNull(Text())},
                 {"created_at", Time()},
                 {"updated_at", Time()},
                 {"warnings", ListOf(Text())}},
                {"warnings"});
}

}  // namespace

Operations RuleOperations() {
  const Json rule = {{"200", Ref("Rule")}};
  const Json changed = {{"200", Ref("Rule")}, {"404", Ref("Error")}, {"409", Ref("Error")}};
  const Json made = {{"200", Ref("Rule")}, {"409", Ref("Error")}};
  Operations all;
  all.list = {
      {"GET",
       "/rules",
       "listRules",
       kRules,
       "All native rules, of files and of the API",
       {{"200", ListOf(Ref("Rule"))}}},
      {"POST", "/rules", "createRule", kRules, "Make a rule", made, {}, Ref("NewRule")},
      {"POST",
       "/rules/validate",
       "validateRule",
       kRules,
       "Check a rule without making it",
       {{"200", Object({{"valid", Flag()}, {"warnings", ListOf(Text())}})}},
       {},
       Ref("NewRule")},
      {"GET",
       "/rules/export",
       "exportRules",
       kRules,
       "The rules of the API as a file of rules.d",
       {{"200", Text()}},
       {},
       {},
       true,
       "application/yaml"},
      {"GET",
       "/rules/{id}",
       "getRule",
       kRules,
       "One rule",
       {{"200", Ref("Rule")}, {"404", Ref("Error")}}},
      {"PUT",
       "/rules/{id}",
       "updateRule",
       kRules,
       "Change what is said of a rule",
       changed,
       {},
       Ref("RuleChange")},
      {"DELETE",
       "/rules/{id}",
       "deleteRule",
       kRules,
       "Delete a rule and resolve its alerts",
       {{"200", Message()}, {"404", Ref("Error")}, {"409", Ref("Error")}}},
      {"POST", "/rules/{id}/enable", "enableRule", kRules, "Evaluate a rule again", changed},
      {"POST", "/rules/{id}/disable", "disableRule", kRules,
       "Evaluate a rule no more and resolve its alerts", changed},
      {"POST",
       "/demo/create-rule",
       "createDemoRule",
       "demo",
       "Make the rule of the demonstration",
       {{"200", Message()}, {"409", Ref("Error")}}},
  };
  all.schemas = {
      {"Rule", ShownRule()},
      {"NewRule", Input(RuleProperties(), {"name", "metric_name", "condition", "threshold",
                                           "severity", "notification_channels"})},
      {"RuleChange", Input(RuleProperties(), {})}};
  return all;
}

}  // namespace tocsin::api
