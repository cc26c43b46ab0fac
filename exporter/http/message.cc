// What requests and responses can do by themselves.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "exporter/http/http.h"

namespace tocsin::http {
namespace {

// Calls visit(value) for each parameter of that name until it returns false; a malformed value is
// nothing.
template <typename Visit>
void ForEachParameter(std::string_view query, std::string_view name, Visit visit) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (PercentDecode(pair.substr(0, equals), /*plus_is_space=*/true) != name) continue;
    const std::string_view text = pair.substr(std::min(equals + 1, pair.size()));
    std::optional<std::string> value = PercentDecode(text, /*plus_is_space=*/true);
    if (value && !IsValidUtf8(*value)) value.reset();
    if (!visit(std::move(value))) return;
  }
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

std::optional<std::string> Request::QueryParameter(std::string_view name) const {
  std::optional<std::string> first;
  ForEachParameter(query, name, [&first](std::optional<std::string> value) {
    first = std::move(value);
    return false;
  });
  return first;
}

std::vector<std::string> Request::QueryParameters(std::string_view name) const {
  std::vector<std::string> values;
  ForEachParameter(query, name, [&values](std::optional<std::string> value) {
    if (value) values.push_back(*std::move(value));
    return true;
  });
  return values;
}

Response ErrorResponse(int status, ErrorStyle style, std::string_view detail) {
  Response response;
  response.status = status;
  switch (style) {
    case ErrorStyle::kPlain:
      response.body = std::string(detail) + "\n";
      break;
    case ErrorStyle::kJson:
      response.content_type = "application/json";
      response.body = "{\"detail\":" + JsonString(detail) + "}";
      break;
    case ErrorStyle::kCoded:
      response.content_type = "application/json";
      response.body = fmt::format(R"({{"code":{},"message":{}}})", status, JsonString(detail));
      break;
  }
  return response;
}

Route StreamRoute(StreamKind kind, std::string pattern, StreamOpener open) {
  Route route;
  route.method = "GET";
  route.pattern = std::move(pattern);
  route.errors = ErrorStyle::kJson;
  route.access = Access::kRead;
  route.token_in_query = true;
  route.open = std::move(open);
  route.stream = kind;
  route.handler = [kind](const Request& request) {
    Response response = ErrorResponse(503, ErrorStyle::kJson, "Streams are not served here");
    if (request.method == "HEAD" && kind == StreamKind::kServerSentEvents) {
      response = Response();
      response.content_type = "text/event-stream";
    }
    return response;
  };
  return route;
}

}  // namespace tocsin::http
