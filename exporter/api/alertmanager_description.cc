#include "exporter/api/alertmanager_description.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace tocsin::api {
namespace {

using nlohmann::json;

// ---- shapes

json Ref(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }
json Text() { return {{"type", "string"}}; }
json Text(const char* format) { return {{"type", "string"}, {"format", format}}; }
json Flag() { return {{"type", "boolean"}}; }
json ListOf(json items) { return {{"type", "array"}, {"items", std::move(items)}}; }
json TextMap() { return {{"type", "object"}, {"additionalProperties", Text()}}; }

json Object(json properties, const std::vector<std::string>& required) {
  json object = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) object["required"] = required;
  return object;
}

json Definitions() {
  const json times = {{"startsAt", Text("date-time")}, {"endsAt", Text("date-time")}};
  json posted = times;
  posted.update({{"labels", TextMap()}, {"annotations", TextMap()}, {"generatorURL", Text("uri")}});
  json alert = posted;
  alert.update({{"updatedAt", Text("date-time")},
                {"fingerprint", Text()},
                {"receivers", ListOf(Ref("receiver"))},
                {"status", Ref("alertStatus")}});
  json silence = times;
  silence.update({{"id", Text()},
                  {"matchers", ListOf(Ref("matcher"))},
                  {"createdBy", Text()},
                  {"comment", Text()},
                  {"annotations", TextMap()}});
  json listed_silence = silence;
  listed_silence.update(
      {{"updatedAt", Text("date-time")},
       {"status",
        Object({{"state", {{"type", "string"}, {"enum", {"active", "pending", "expired"}}}}},
               {"state"})}});
  return {
      {"receiver", Object({{"name", Text()}, {"labels", TextMap()}}, {"name"})},
      {"alertStatus",
       Object({{"state", {{"type", "string"}, {"enum", {"unprocessed", "active", "suppressed"}}}},
               {"silencedBy", ListOf(Text())},
               {"inhibitedBy", ListOf(Text())},
               {"mutedBy", ListOf(Text())}},
              {"state", "silencedBy", "inhibitedBy", "mutedBy"})},
      {"postableAlert", Object(std::move(posted), {"labels"})},
      {"alert", Object(std::move(alert), {"labels", "annotations", "startsAt", "endsAt",
                                          "updatedAt", "fingerprint", "receivers", "status"})},
      {"alertGroup", Object({{"labels", TextMap()},
                             {"routeLabels", TextMap()},
                             {"receiver", Ref("receiver")},
                             {"alerts", ListOf(Ref("alert"))}},
                            {"labels", "receiver", "alerts"})},
      {"matcher", Object({{"name", Text()},
                          {"value", Text()},
                          {"isRegex", Flag()},
                          {"isEqual", {{"type", "boolean"}, {"default", true}}}},
                         {"name", "value", "isRegex"})},
      {"postableSilence",
       Object(std::move(silence), {"matchers", "startsAt", "endsAt", "createdBy", "comment"})},
      {"silence",
       Object(std::move(listed_silence), {"id", "matchers", "startsAt", "endsAt", "createdBy",
                                          "comment", "updatedAt", "status"})},
      {"status", Object({{"cluster", {{"type", "object"}}},
                         {"versionInfo", TextMap()},
                         {"config", Object({{"original", Text()}}, {"original"})},
                         {"uptime", Text("date-time")}},
                        {"cluster", "versionInfo", "config", "uptime"})},
  };
}

// ---- operations

json QueryFlag(const char* name) {
  return {{"in", "query"}, {"name", name}, {"type", "boolean"}, {"default", true}};
}
json QueryTexts(const char* name, const char* what) {
  return {{"in", "query"},
          {"name", name},
          {"type", "array"},
          {"items", Text()},
          {"collectionFormat", "multi"},
          {"description", what}};
}
json Body(const char* name, json schema) {
  return {{"in", "body"}, {"name", name}, {"required", true}, {"schema", std::move(schema)}};
}

json AlertParameters(bool of_groups) {
  json parameters = json::array();
  for (const char* flag :
       {"active", "silenced", "inhibited", of_groups ? "muted" : "unprocessed"}) {
    parameters.push_back(QueryFlag(flag));
  }
  parameters.push_back(QueryTexts("filter", "a matcher of the alert's labels; all must match"));
  parameters.push_back(
      QueryTexts("receiver_matchers", "a matcher of the receiver's labels; all must match"));
  parameters.push_back({{"in", "query"},
                        {"name", "receiver"},
                        {"type", "string"},
                        {"description", "a regular expression for the whole name"}});
  return parameters;
}

struct Operation {
  const char* id;
  const char* summary;
  json parameters = json::array();
  json answer;  // null: an empty body
  std::initializer_list<int> errors;
};

json ResponseOf(const json& schema, const char* what) {
  json response = {{"description", what}};
  if (!schema.is_null()) response["schema"] = schema;
  return response;
}

const char* ErrorText(int status) {
  switch (status) {
    case 400:
      return "what is meant is wrong; the body says what";
    case 404:
      return "there is none";
    case 422:
      return "something required is missing or has another format";
    default:
      return "error";
  }
}

json Describe(Operation operation) {
  json responses = {{"200", ResponseOf(operation.answer, "done")}};
  for (const int status : operation.errors) {
    const json schema = status == 404 ? json() : Text();
    responses[std::to_string(status)] = ResponseOf(schema, ErrorText(status));
  }
  return {{"operationId", operation.id},
          {"summary", operation.summary},
          {"parameters", std::move(operation.parameters)},
          {"responses", std::move(responses)}};
}

json Paths() {
  const json id = {{"in", "path"},
                   {"name", "silenceID"},
                   {"required", true},
                   {"type", "string"},
                   {"format", "uuid"}};
  const json silence_filters = {
      QueryTexts("filter", "a matcher that must be among the silence's own; all must"),
      QueryFlag("active"), QueryFlag("pending"), QueryFlag("expired")};
  return {
      {"/status",
       {{"get", Describe({"getStatus",
                          "Version, cluster, configuration in force",
                          json::array(),
                          Ref("status"),
                          {}})}}},
      {"/receivers",
       {{"get",
         Describe({"getReceivers",
                   "All receivers, as configured",
                   {QueryTexts("receiver_matchers", "a matcher of the labels; all must match")},
                   ListOf(Ref("receiver")),
                   {400}})}}},
      {"/alerts",
       {{"get", Describe({"getAlerts",
                          "Alerts that have not ended",
                          AlertParameters(false),
                          ListOf(Ref("alert")),
                          {400}})},
        {"post", Describe({"postAlerts",
                           "Tell of alerts, or of their end",
                           {Body("alerts", ListOf(Ref("postableAlert")))},
                           json(),
                           {400, 422}})}}},
      {"/alerts/groups",
       {{"get", Describe({"getAlertGroups",
                          "The same by group",
                          AlertParameters(true),
                          ListOf(Ref("alertGroup")),
                          {400}})}}},
      {"/silences",
       {{"get", Describe({"getSilences",
                          "Silences of every state",
                          silence_filters,
                          ListOf(Ref("silence")),
                          {400}})},
        {"post", Describe({"postSilences",
                           "Make a silence, or change the one with this id",
                           {Body("silence", Ref("postableSilence"))},
                           Object({{"silenceID", Text()}}, {"silenceID"}),
                           {400, 404, 422}})}}},
      {"/silence/{silenceID}",
       {{"get", Describe({"getSilence", "One silence", {id}, Ref("silence"), {404, 422}})},
        {"delete", Describe({"deleteSilence", "End a silence", {id}, json(), {404, 422}})}}},
  };
}

}  // namespace

std::string DescribeAlertmanagerApi(const std::string& base_path, const std::string& version) {
  const json description = {
      {"swagger", "2.0"},
      {"info",
       {{"title", "Alertmanager API"},
        {"version", version},
        {"description", "Version 2 of the Alertmanager API, as Tocsin speaks it"}}},
      {"basePath", base_path},
      {"consumes", {"application/json"}},
      {"produces", {"application/json"}},
      {"paths", Paths()},
      {"definitions", Definitions()}};
  return description.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace tocsin::api
