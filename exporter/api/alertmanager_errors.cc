#include "exporter/api/alertmanager_errors.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_text.h"
#include "base/text.h"

namespace tocsin::api {

http::Response CodedError(int code, std::string_view message) {
  http::Response response = http::ErrorResponse(code, http::ErrorStyle::kCoded, message);
  if (code >= 600) response.status = 422;
  return response;
}

http::Response PlainJsonError(int status, std::string_view message) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = JsonString(message) + "\n";
  return response;
}

http::Response JsonAnswer(std::string body) {
  http::Response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

std::optional<http::Response> RequireJson(const http::Request& request) {
  const std::string_view header = request.Header("Content-Type");
  const std::string_view type = TrimSpace(header.substr(0, header.find(';')));
  if (EqualsIgnoreCase(type, "application/json")) return std::nullopt;
  // What is not said to be anything is bytes: RFC 9110, section 8.3.
  return CodedError(415,
                    fmt::format("unsupported media type {}, only [application/json] are allowed",
                                QuoteForMessage(type.empty() ? "application/octet-stream" : type)));
}

}  // namespace tocsin::api
