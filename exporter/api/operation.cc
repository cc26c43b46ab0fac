#include "exporter/api/operation.h"

#include <algorithm>

namespace tocsin::api::schema {

Json Ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json Text() { return {{"type", "string"}}; }

Json Text(std::size_t least, std::size_t most) {
  Json text = Text();
  if (least > 0) text["minLength"] = least;
  text["maxLength"] = most;
  return text;
}

Json Pattern(const std::string& regex) { return {{"type", "string"}, {"pattern", regex}}; }
Json Time() { return {{"type", "string"}, {"format", "date-time"}}; }
Json Uuid() { return {{"type", "string"}, {"format", "uuid"}}; }
Json Flag() { return {{"type", "boolean"}}; }
Json Number() { return {{"type", "number"}}; }
Json Count() { return {{"type", "integer"}, {"minimum", 0}}; }

Json Integer(std::int64_t least, std::int64_t most) {
  return {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
}

Json ListOf(Json items, std::size_t most) {
  Json list = {{"type", "array"}, {"items", std::move(items)}};
  if (most != kAnyLength) list["maxItems"] = most;
  return list;
}

Json MapOf(Json values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

Json AnyObject() { return {{"type", "object"}, {"additionalProperties", true}}; }

Json OrNull(Json schema) {
  if (!schema.contains("type") || schema.contains("enum")) {
    return OneOf({std::move(schema), {{"type", "null"}}});
  }
  schema["type"] = Json::array({schema["type"], "null"});
  return schema;
}

Json OneOf(std::vector<Json> schemas) { return {{"anyOf", std::move(schemas)}}; }

Json Word(std::initializer_list<const char*> words) {
  return Word(std::vector<const char*>(words));
}

Json Object(Json properties, const std::vector<std::string>& optional) {
  Json required = Json::array();
  for (const auto& [name, property] : properties.items()) {
    if (std::find(optional.begin(), optional.end(), name) == optional.end()) {
      required.push_back(name);
    }
  }
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json Input(Json properties, const std::vector<std::string>& required) {
  Json input = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) input["required"] = required;
  return input;
}

Json Message() { return Ref("Message"); }

Json Query(const char* name, const char* what, Json schema) {
  return {{"name", name}, {"in", "query"}, {"description", what}, {"schema", std::move(schema)}};
}

Json Header(const char* name, const char* what, Json schema) {
  return {{"name", name}, {"in", "header"}, {"description", what}, {"schema", std::move(schema)}};
}

}  // namespace tocsin::api::schema
