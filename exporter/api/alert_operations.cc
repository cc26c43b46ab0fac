// Of the routes of alerting_api.cc that show alerts or do something to them, and of
// alert_talk_api.cc.
#include "exporter/api/alert_command.h"
#include "exporter/api/alert_query.h"
#include "exporter/api/alert_talk_api.h"
#include "exporter/api/faults.h"
#include "exporter/api/operation.h"
#include "exporter/api/rule_body.h"
#include "receivers/alerts/alert_comments.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

constexpr const char* kAlerts = "alerts";

// Seconds, or "1h30m".
Json Lasting() { return OrNull(OneOf({{{"type", "number"}, {"exclusiveMinimum", 0}}, Text()})); }

Json Instant() { return OneOf({Time(), {{"type", "number"}, {"minimum", 0}}}); }

Json AlertProperties() {
  return {
      {"id", Text()},
      {"rule_id", OrNull(Text())},
      {"name", Text()},
      {"rule_name", Text()},
      {"description", OrNull(Text())},
      {"severity", Word(kSeverityWords)},
      {"status", Word({"pending", "active", "acknowledged", "suppressed", "resolved"})},
      {"metric_name", Text()},
      {"metric_value", Text()},
      {"condition", Text()},
      {"threshold", Text()},
      {"duration", Count()},
      {"triggered_at", OrNull(Time())},
      {"acknowledged_at", OrNull(Time())},
      {"resolved_at", OrNull(Time())},
      {"metadata", MapOf(Text())},
      {"labels", MapOf(Text())},
      {"fingerprint", Pattern("^[0-9a-f]{16}$")},
      {"pending_since", OrNull(Time())},
      {"updated_at", OrNull(Time())},
      {"last_value_at", OrNull(Time())},
      {"acknowledged_by", OrNull(Text())},
      {"acknowledge_note", OrNull(Text())},
      {"acknowledged_until", OrNull(Time())},
      {"resolved_by", OrNull(Text())},
      {"resolve_note", OrNull(Text())},
      {"resolved_reason", OrNull(Text())},
      {"notifications_sent", Count()},
      {"last_notification_at", OrNull(Time())},
      {"notifications",
       MapOf(Object({{"outcome", Text()}, {"attempts", Count()}, {"last_error", OrNull(Text())}}))},
      {"silenced_by", ListOf(Text())},
      {"inhibited", Flag()},
      {"muted_by_intervals", ListOf(Text())},
      {"comment_count", Count()},
      {"annotations", MapOf(Text())},
      {"generator_url", OrNull(Text())}};
}

// Those of alerts that senders have posted.
const std::vector<std::string> kOfPosted = {"annotations", "generator_url"};

// A state of an alert, a comment, or a notification: each has some of them.
Json AlertEvent() {
  return Object({{"at", Time()},
                 {"sequence", Count()},
                 {"type", Text()},
                 {"status", Text()},
                 {"actor", OrNull(Text())},
                 {"note", OrNull(Text())},
                 {"reason", OrNull(Text())},
                 {"text", Text()},
                 {"receiver", Text()},
                 {"integration", Text()},
                 {"told", Text()},
                 {"attempts", Count()},
                 {"http_status", Count()},
                 {"duration_ms", Count()}},
                {"sequence", "type", "status", "actor", "note", "reason", "text", "receiver",
                 "integration", "told", "attempts", "http_status", "duration_ms"});
}

Json AlertDetails() {
  Json properties = AlertProperties();
  properties["comments"] = ListOf(Ref("Comment"));
  properties["events"] = ListOf(Ref("AlertEvent"));
  return Object(std::move(properties), kOfPosted);
}

Json CommandSchema(bool acknowledges) {
  Json properties = {{"actor", OrNull(Text(0, CommandBody::kLongestActor))},
                     {"note", OrNull(Text(0, CommandBody::kLongestNote))}};
  if (acknowledges) {
    properties["expires_in"] = Lasting();
    properties["sticky"] = OneOf({Flag(), Lasting()});
  }
  return Input(std::move(properties), {});
}

Json NewSilence() {
  Json labels = OrNull(ListOf(Text()));
  labels["minItems"] = 1;
  labels["description"] = "Names of labels whose values are matched; all where none are named";
  return Input({{"duration", Lasting()},
                {"ends_at", OrNull(Instant())},
                {"labels", std::move(labels)},
                {"actor", OrNull(Text(1, AlertTalkApi::kLongestActor))},
                {"comment", OrNull(Text(1, AlertTalkApi::kLongestText))}},
               {});
}

std::vector<Json> ListParameters() {
  return {Query("status", "A comma list; active where nothing is said",
                {{"type", "string"}, {"examples", kAlertStateWords}}),
          Query("severity", "A comma list", {{"type", "string"}, {"examples", kSeverityWords}}),
          Query("rule_id", "Of this rule", Text()),
          Query("filter", "A matcher; each must hold", ListOf(Text())),
          Query("match[]", "A selector; one of them must hold", ListOf(Text())),
          Query("since", "Began then or later", Instant()),
          Query("until", "Began before", Instant()),
          Query("limit", "So many at most", Count()),
          Query("offset", "Without so many at the beginning", Count())};
}

}  // namespace

Operations AlertOperations() {
  const Json done = {{"200", Message()}, {"404", Ref("Error")}, {"409", Ref("Error")}};
  Operations all;
  all.list = {
      {"GET",
       "/alerts",
       "listAlerts",
       kAlerts,
       "Alerts, newest first",
       {{"200", ListOf(Ref("Alert"))}},
       ListParameters()},
      {"GET",
       "/alerts/{id}",
       "getAlert",
       kAlerts,
       "One alert with its comments and its history",
       {{"200", Ref("AlertDetails")}, {"404", Ref("Error")}}},
      {"POST",
       "/alerts/{id}/acknowledge",
       "acknowledgeAlert",
       kAlerts,
       "Acknowledge an alert",
       done,
       {},
       Ref("Acknowledgement"),
       false},
      {"POST",
       "/alerts/{id}/resolve",
       "resolveAlert",
       kAlerts,
       "Resolve an alert",
       done,
       {},
       Ref("Resolution"),
       false},
      {"GET",
       "/alerts/{id}/comments",
       "listComments",
       kAlerts,
       "What was said of an alert",
       {{"200", ListOf(Ref("Comment"))}, {"404", Ref("Error")}}},
      {"POST",
       "/alerts/{id}/comments",
       "addComment",
       kAlerts,
       "Say something of an alert",
       {{"200", Ref("Comment")}, {"404", Ref("Error")}, {"409", Ref("Error")}},
       {},
       Ref("NewComment")},
      {"POST",
       "/alerts/{id}/silence",
       "silenceAlert",
       kAlerts,
       "Silence what has the labels of an alert",
       {{"200", Ref("SilenceMade")}, {"404", Ref("Error")}, {"409", Ref("Error")}},
       {},
       Ref("NewSilence")},
  };
  all.schemas = {
      {"Alert", Object(AlertProperties(), kOfPosted)},
      {"AlertDetails", AlertDetails()},
      {"AlertEvent", AlertEvent()},
      {"Acknowledgement", CommandSchema(/*acknowledges=*/true)},
      {"Resolution", CommandSchema(/*acknowledges=*/false)},
      {"Comment", Object({{"id", Text()},
                          {"alert_id", Text()},
                          {"actor", Text()},
                          {"text", Text()},
                          {"at", Time()}})},
      {"NewComment", Input({{"text", Text(1, AlertTalkApi::kLongestText)},
                            {"actor", OrNull(Text(1, AlertTalkApi::kLongestActor))}},
                           {"text"})},
      {"NewSilence", NewSilence()},
      {"SilenceMade", Object({{"message", Text()},
                              {"silence_id", Text()},
                              {"alert_id", Text()},
                              {"matchers", ListOf(Text())},
                              {"starts_at", Time()},
                              {"ends_at", Time()},
                              {"created_by", Text()},
                              {"comment", Text()}})},
  };
  return all;
}

}  // namespace tocsin::api
