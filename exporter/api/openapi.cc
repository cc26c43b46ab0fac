#include "exporter/api/openapi.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/scopes.h"
#include "base/text.h"
#include "exporter/api/description_page.h"
#include "exporter/api/page.h"
#include "exporter/api/repeatable_requests.h"
#include "exporter/security/access_guard.h"

namespace tocsin::api {
namespace {

using namespace schema;  // NOLINT(google-build-using-namespace): the words of this file

// Of the contract, not of the program: it changes when clients must know.
constexpr const char* kContractVersion = "1.0.0";

constexpr const char* kAbout =
    "Rules, alerts, metrics, receivers and the history of Tocsin. Served under two paths alike. "
    "Bodies are read as JSON whatever their content type says; members that nobody knows are "
    "ignored. A POST that makes or changes something takes an Idempotency-Key and may be sent "
    "again with it, but for submissions of metrics: these are taken as often as they come.";

// The path behind the first mount; nothing for routes elsewhere, and of the second mount, which has
// the same.
std::optional<std::string> PathOf(const http::Route& route) {
  std::string_view path = route.pattern;
  const std::string_view mount = kAlertingMounts[0];
  if (!path.starts_with(mount)) return std::nullopt;
  path.remove_prefix(mount.size());
  return path.starts_with('/') ? std::optional<std::string>(path) : std::nullopt;
}

// ---- answers

Json ContentOf(const char* media_type, Json schema) {
  return {{media_type, {{"schema", std::move(schema)}}}};
}

// Of statuses, and what their answers are where an operation says nothing else.
struct Meaning {
  const char* what;
  const char* schema = "Error";
};
const std::map<std::string, Meaning>& Meanings() {
  static const std::map<std::string, Meaning> kMeanings = {
      {"101", {"The connection changes to another protocol"}},
      {"200", {"Done, or shown"}},
      {"202", {"Accepted"}},
      {"400", {"The request is malformed"}},
      {"401", {"No API key, or none that is known"}},
      {"403", {"The key's scopes do not allow it"}},
      {"404", {"There is no such thing"}},
      {"409", {"It contradicts the state of things"}},
      {"413", {"The body is too large"}},
      {"415", {"The content coding is not known"}},
      {"422", {"What is wrong, and where", "Faults"}},
      {"426", {"It speaks another protocol; Upgrade says which"}},
      {"429", {"Too much at once; Retry-After says when to come again"}},
      {"500", {"An error of ours; the log has its id", "InternalError"}},
      {"502", {"The receiver did not take the message"}},
      {"503", {"Not now"}}};
  return kMeanings;
}

Meaning MeaningOf(const std::string& status) {
  const auto found = Meanings().find(status);
  return found == Meanings().end() ? Meaning{"An answer"} : found->second;
}

Json UsualResponses() {
  Json responses = Json::object();
  for (const auto& [status, meaning] : Meanings()) {
    if (status < "400") continue;
    responses["Status" + status] = {
        {"description", meaning.what},
        {"content", ContentOf("application/json", Ref(meaning.schema))}};
  }
  return responses;
}

// What every route may answer, or every one of its kind.
std::set<std::string> UsualStatuses(const http::Route& route, const Operation& operation) {
  std::set<std::string> statuses = {"400", "413", "429", "500", "503"};
  if (!security::ScopesThatOpen(route).empty()) statuses.insert({"401", "403"});
  const bool is_post = route.method == "POST";
  if (is_post || !operation.body.is_null() || !operation.parameters.empty()) {
    statuses.insert("422");
  }
  // Of Idempotency-Keys.
  if (TakesIdempotencyKey(route)) statuses.insert("409");
  return statuses;
}

Json ResponseJson(const Operation& operation, const std::string& status, const Json& schema) {
  const Meaning meaning = MeaningOf(status);
  if (status >= "400" && Meanings().contains(status) && schema == Ref(meaning.schema)) {
    return {{"$ref", "#/components/responses/Status" + status}};
  }
  if (schema.is_null()) return {{"description", meaning.what}};
  const bool is_main = status == "200";
  Json content = ContentOf(is_main ? operation.media_type : "application/json", schema);
  if (is_main && operation.path == "/events") content.update(ContentOf("text/csv", Text()));
  return {{"description", meaning.what}, {"content", std::move(content)}};
}

Json ResponsesOf(const http::Route& route, const Operation& operation) {
  std::map<std::string, Json> schemas;
  for (const std::string& status : UsualStatuses(route, operation)) {
    schemas[status] = Ref(MeaningOf(status).schema);
  }
  for (const auto& [status, schema] : operation.answers.items()) schemas[status] = schema;
  Json responses = Json::object();
  for (const auto& [status, schema] : schemas) {
    responses[status] = ResponseJson(operation, status, schema);
  }
  return responses;
}

// ---- requests

Json ParametersOf(const http::Route& route, const Operation& operation) {
  Json parameters = Json::array();
  for (const std::string_view part : Split(operation.path, '/')) {
    if (!part.starts_with('{')) continue;
    parameters.push_back({{"name", part.substr(1, part.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", Text()}});
  }
  for (const Json& parameter : operation.parameters) parameters.push_back(parameter);
  if (TakesIdempotencyKey(route)) {
    parameters.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
  }
  return parameters;
}

Json SecurityOf(const http::Route& route) {
  Json security = Json::array();
  Json scopes = Json::array();
  for (const Scope scope : security::ScopesThatOpen(route)) {
    for (const std::string& name : Scopes{scope}.Names()) scopes.push_back(name);
  }
  if (scopes.empty()) return security;
  for (const char* scheme : {"apiKey", "bearer", "basic"}) {
    security.push_back({{scheme, scopes}});
  }
  return security;
}

Json OperationJson(const http::Route& route, const Operation& operation) {
  Json json = {{"operationId", operation.id},
               {"tags", Json::array({operation.tag})},
               {"summary", operation.summary}};
  if (Json parameters = ParametersOf(route, operation); !parameters.empty()) {
    json["parameters"] = std::move(parameters);
  }
  if (!operation.body.is_null()) {
    json["requestBody"] = {{"required", operation.body_is_required},
                           {"content", ContentOf("application/json", operation.body)}};
  }
  json["x-max-body-bytes"] = route.max_body;
  json["responses"] = ResponsesOf(route, operation);
  json["security"] = SecurityOf(route);
  return json;
}

// For a route that nobody has described: enough to see that it is there.
Operation Undescribed(const http::Route& route, const std::string& path) {
  std::string id = ToLowerAscii(route.method);
  for (const char c : path) id.push_back(c == '/' || c == '{' || c == '}' ? '_' : c);
  return {"", path, std::move(id), "undescribed", "Not described", {{"200", Json::object()}}};
}

// ---- the whole

Json CommonSchemas() {
  Json context = AnyObject();
  return {
      {"Message", Object({{"message", Text()}})},
      {"Error", Object({{"detail", Text()}})},
      {"InternalError", Object({{"detail", Text()}, {"id", Text()}}, {"id"})},
      {"Fault", Object({{"loc", ListOf(OneOf({Text(), Count()}))},
                        {"msg", Text()},
                        {"type", Text()},
                        {"ctx", std::move(context)}},
                       {"ctx"})},
      {"Faults", Object({{"detail", ListOf(Ref("Fault"))}})},
  };
}

Json SecuritySchemes() {
  return {{"apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}},
          {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"basic",
           {{"type", "http"},
            {"scheme", "basic"},
            {"description", "The key is the password; the name does not matter"}}}};
}

Json CommonParameters() {
  return {{"IdempotencyKey", Header("Idempotency-Key",
                                    "The same request may be sent again with the same key: it is "
                                    "carried out once",
                                    Text(1, 255))}};
}

// Made when somebody asks for it: most daemons are never asked, and it takes half a megabyte.
class LazyDescription {
 public:
  explicit LazyDescription(std::vector<const http::Route*> routes) : routes_(std::move(routes)) {}

  // Before the first request. Copies of routes that serve this, without what would hold it.
  void AddOwn(const std::vector<http::Route>& routes) {
    own_ = routes;
    for (http::Route& route : own_) route.handler = nullptr;
    for (const http::Route& route : own_) routes_.push_back(&route);
  }
  const std::string& Text() {
    std::call_once(once_, [this] { text_ = DescribeAlertingApi(routes_); });
    return text_;
  }

 private:
  std::vector<http::Route> own_;
  std::vector<const http::Route*> routes_;
  std::once_flag once_;
  std::string text_;
};

// Served paths, in their order.
std::map<std::string, std::map<std::string, const http::Route*>> ByPath(
    const std::vector<const http::Route*>& routes) {
  std::map<std::string, std::map<std::string, const http::Route*>> by_path;
  for (const http::Route* route : routes) {
    if (const std::optional<std::string> path = PathOf(*route)) {
      by_path[*path][route->method] = route;
    }
  }
  return by_path;
}

}  // namespace

std::vector<Operations> AllOperations() {
  return {RuleOperations(),     AlertOperations(),    StatusOperations(),
          ReceiverOperations(), DeliveryOperations(), HistoryOperations(),
          SecurityOperations(), MetricOperations(),   StreamOperations()};
}

std::string DescribeAlertingApi(const std::vector<const http::Route*>& routes) {
  std::map<std::string, Operation> known;  // "GET /rules"
  Json schemas = CommonSchemas();
  for (Operations& part : AllOperations()) {
    schemas.update(part.schemas);
    for (Operation& one : part.list) {
      std::string key = std::string(one.method) + " " + one.path;
      known.emplace(std::move(key), std::move(one));
    }
  }
  Json paths = Json::object();
  for (const auto& [path, methods] : ByPath(routes)) {
    for (const auto& [method, route] : methods) {
      const auto found = known.find(method + " " + path);
      const bool is_known = found != known.end();
      Json json = OperationJson(*route, is_known ? found->second : Undescribed(*route, path));
      if (!is_known) json["x-undescribed"] = true;
      paths[path][ToLowerAscii(method)] = std::move(json);
    }
  }
  Json servers = Json::array();
  for (const char* mount : kAlertingMounts) servers.push_back({{"url", mount}});
  const Json description = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Tocsin alerting API"}, {"version", kContractVersion}, {"description", kAbout}}},
      {"servers", std::move(servers)},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", std::move(schemas)},
        {"responses", UsualResponses()},
        {"parameters", CommonParameters()},
        {"securitySchemes", SecuritySchemes()}}}};
  return description.dump(1) + "\n";
}

std::vector<http::Route> OpenApiRoutes(std::vector<const http::Route*> routes) {
  const auto description = std::make_shared<LazyDescription>(std::move(routes));
  std::vector<http::Route> own;
  for (const char* mount : kAlertingMounts) {
    own.push_back(JsonRoute(
        "GET", std::string(mount) + "/openapi.json",
        [description](const http::Request&) { return JsonTextResponse(200, description->Text()); },
        http::Access::kRead));
    // Made anew for each reader, who are few.
    own.push_back(JsonRoute(
        "GET", std::string(mount) + "/docs",
        [description](const http::Request&) {
          return page::Answer(DescriptionPage(Json::parse(description->Text())));
        },
        http::Access::kRead));
  }
  description->AddOwn(own);
  return own;
}

}  // namespace tocsin::api
