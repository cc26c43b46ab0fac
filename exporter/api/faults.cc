#include "exporter/api/faults.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_library.h"
#include "base/number.h"
#include "base/text.h"
#include "exporter/intake/json_syntax.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kLongestWord = kLongestParameter;
constexpr double kMillisAbove = 2e10;
constexpr double kLastSecond = 253'402'300'799.0;  // of the year 9999

Json SyntaxFault(const intake::JsonSyntaxError& error) {
  return Fault(
      {"body", error.pos}, error.ToString(), "value_error.jsondecode",
      {{"msg", error.reason}, {"pos", error.pos}, {"lineno", error.line}, {"colno", error.column}});
}

}  // namespace

std::optional<Timestamp> ParseTimeWord(const std::string& text) {
  const std::optional<double> number = ParseFloat(text);
  if (!number) return ParseRfc3339(text);
  if (!std::isfinite(*number) || *number < 0) return std::nullopt;
  const double seconds = *number > kMillisAbove ? *number / 1000.0 : *number;
  if (seconds > kLastSecond) return std::nullopt;
  return FromUnixMillis(std::llround(seconds * 1000.0));
}

Json Fault(Json where, const std::string& message, const std::string& type, Json context) {
  Json fault = {{"loc", std::move(where)}, {"msg", message}, {"type", type}};
  if (!context.is_null()) fault["ctx"] = std::move(context);
  return fault;
}

Json NoMemberFault(const char* parameter, const std::vector<std::string>& permitted) {
  return Fault({"query", parameter},
               fmt::format("value is not a valid enumeration member; permitted: {}",
                           fmt::join(permitted, ", ")),
               "type_error.enum", {{"enum_values", permitted}});
}

http::Response Unprocessable(const Json& faults) { return JsonResponse(422, {{"detail", faults}}); }

void ReadCount(const http::Request& request, const char* name, std::uint64_t least,
               std::uint64_t most, std::uint64_t* value, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text) return;
  const std::optional<std::int64_t> number = ParseInt(*text);
  if (!number) {
    faults->push_back(Fault({"query", name}, "value is not a valid integer", "type_error.integer"));
  } else if (*number < static_cast<std::int64_t>(least)) {
    faults->push_back(Fault({"query", name},
                            fmt::format("ensure this value is greater than or equal to {}", least),
                            "value_error.number.not_ge", {{"limit_value", least}}));
  } else if (static_cast<std::uint64_t>(*number) > most) {
    faults->push_back(Fault({"query", name},
                            fmt::format("ensure this value is less than or equal to {}", most),
                            "value_error.number.not_le", {{"limit_value", most}}));
  } else {
    *value = static_cast<std::uint64_t>(*number);
  }
}

void ReadWord(const http::Request& request, const char* name, std::string* value, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text) return;
  if (text->empty()) {
    faults->push_back(Fault({"query", name}, "ensure this value has at least 1 characters",
                            "value_error.any_str.min_length", {{"limit_value", 1}}));
  } else if (text->size() > kLongestWord) {
    faults->push_back(Fault(
        {"query", name}, fmt::format("ensure this value has at most {} characters", kLongestWord),
        "value_error.any_str.max_length", {{"limit_value", kLongestWord}}));
  } else {
    *value = *text;
  }
}

void ReadTime(const http::Request& request, const char* name, std::optional<Timestamp>* value,
              Json* faults) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text) return;
  const std::optional<Timestamp> time = ParseTimeWord(*text);
  if (time) {
    *value = time;
  } else {
    faults->push_back(Fault({"query", name}, "invalid datetime format", "value_error.datetime"));
  }
}

nlohmann::json ReadAnyJson(const std::string& text, Json* faults) {
  if (TrimSpace(text).empty()) {
    faults->push_back(Fault({"body"}, "field required", "value_error.missing"));
    return {};
  }
  // First the exact reader, which bounds the depth; the other takes a NUL for the end.
  std::optional<intake::JsonSyntaxError> error = intake::FindJsonSyntaxError(text);
  if (!error) {
    nlohmann::json body = ParseJson(text);
    if (!body.is_discarded()) return body;
    error = intake::JsonSyntaxError{"Unreadable"};  // numbers that no double can hold
  }
  faults->push_back(SyntaxFault(*error));
  return {};
}

nlohmann::json ReadObject(const std::string& text, Json* faults) {
  const std::size_t faults_so_far = faults->size();
  nlohmann::json body = ReadAnyJson(text, faults);
  if (faults->size() == faults_so_far && !body.is_object()) {
    faults->push_back(Fault({"body"}, "value is not a valid dict", "type_error.dict"));
  }
  return body.is_object() ? body : nlohmann::json::object();
}

}  // namespace tocsin::api
