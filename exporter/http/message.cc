// What requests and responses can do by themselves.
#include <utility>

#include "base/text.h"
#include "exporter/http/http.h"
#include "exporter/http/json_text.h"

namespace tocsin::http {

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

std::optional<std::string> Request::QueryParameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (PercentDecode(pair.substr(0, equals), /*plus_is_space=*/true) != name) continue;
    const std::string_view text = pair.substr(std::min(equals + 1, pair.size()));
    std::optional<std::string> value = PercentDecode(text, /*plus_is_space=*/true);
    if (value && !IsValidUtf8(*value)) value.reset();
    return value;
  }
  return std::nullopt;
}

Response ErrorResponse(int status, ErrorStyle style, std::string_view detail) {
  Response response;
  response.status = status;
  if (style == ErrorStyle::kJson) {
    response.content_type = "application/json";
    response.body = "{\"detail\":" + JsonString(detail) + "}";
  } else {
    response.body = std::string(detail) + "\n";
  }
  return response;
}

}  // namespace tocsin::http
