// What the routes of the alerting API cannot say of themselves, for its OpenAPI description
// (openapi.h): names, summaries, and the shapes of what goes in and comes out. Beside each API
// stands a file that says it of its routes, keyed by method and path (rule_operations.cc beside
// rules_api.cc, and so on); limits and words in it are those that the readers of requests use.
//
// A new route needs an Operation in the file beside it, and a new file a line in
// AllOperations(), openapi.cc. Plain data and pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "exporter/api/alerting_json.h"

namespace tocsin::api {

struct Operation {
  const char* method;
  std::string path;  // without its mount: "/rules/{id}"
  std::string id;    // operationId: what clients call it
  const char* tag;
  std::string summary;
  // Status to schema, null where no body comes: {{"200", ...}}. What every route may answer
  // (openapi.cc) is not said here.
  Json answers;
  std::vector<Json> parameters = {};  // of query and headers; those of the path are known
  Json body = {};                     // a schema; null: none is read
  bool body_is_required = true;
  const char* media_type = "application/json";  // of 200
};

struct Operations {
  std::vector<Operation> list;
  Json schemas = Json::object();  // by name, for Ref()
};

Operations RuleOperations();
Operations AlertOperations();  // what is shown, said and done
Operations StatusOperations();
Operations ReceiverOperations();
Operations DeliveryOperations();
Operations HistoryOperations();
Operations SecurityOperations();
Operations MetricOperations();
Operations StreamOperations();

// The parameters of the history that choose events, which the stream has too.
std::vector<Json> EventChoiceParameters();

// JSON Schema (2020-12) in few words.
namespace schema {

inline constexpr std::size_t kAnyLength = SIZE_MAX;

Json Ref(const std::string& name);
Json Text();
Json Text(std::size_t least, std::size_t most);  // characters
Json Pattern(const std::string& regex);
Json Time();
Json Uuid();
Json Flag();
Json Number();
Json Count();  // an integer, 0 or more
Json Integer(std::int64_t least, std::int64_t most);
Json ListOf(Json items, std::size_t most = kAnyLength);
Json MapOf(Json values);  // by any name
Json AnyObject();
Json OrNull(Json schema);
Json OneOf(std::vector<Json> schemas);

template <typename Words>
Json Word(const Words& words) {
  Json list = Json::array();
  for (const auto& word : words) list.push_back(word);
  return {{"type", "string"}, {"enum", std::move(list)}};
}
Json Word(std::initializer_list<const char*> words);

// An object: those of `properties` are there, but for the optional ones.
Json Object(Json properties, const std::vector<std::string>& optional = {});
// One that is sent: only the required ones must be there; others are ignored.
Json Input(Json properties, const std::vector<std::string>& required);

// Whatever a command answers that makes nothing.
Json Message();

// Parameters.
Json Query(const char* name, const char* what, Json schema);
Json Header(const char* name, const char* what, Json schema);

}  // namespace schema

}  // namespace tocsin::api
