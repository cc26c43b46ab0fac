#include "exporter/security/credentials.h"

#include <utility>

#include "base/text.h"
#include "exporter/http/basic_auth.h"

namespace tocsin::security {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::optional<std::string> NonEmpty(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::string(text);
}

}  // namespace

std::optional<std::string> FindToken(const http::Request& request) {
  const std::string_view authorization = request.Header("Authorization");
  if (EqualsIgnoreCase(authorization.substr(0, kBearer.size()), kBearer)) {
    return NonEmpty(TrimSpace(authorization.substr(kBearer.size())));
  }
  if (const std::string_view key = request.Header("X-API-Key"); !key.empty()) {
    return std::string(key);
  }
  if (const std::optional<http::Credentials> basic = http::ReadBasicCredentials(authorization)) {
    return NonEmpty(basic->password);
  }
  if (request.route == nullptr || !request.route->token_in_query) return std::nullopt;
  return NonEmpty(request.QueryParameter("token").value_or(""));
}

}  // namespace tocsin::security
