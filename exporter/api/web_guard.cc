#include "exporter/api/web_guard.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace tocsin::api {
namespace {

// Every answer carries it anyway (http/response_writer.cc).
constexpr std::string_view kAlwaysSet = "X-Content-Type-Options";

http::Response Unauthorized() {
  http::Response response;
  response.status = 401;
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  response.body = "Unauthorized\n";
  return response;
}

http::Response Busy() {
  http::Response response;
  response.status = 503;
  response.headers.emplace_back("Retry-After", "1");
  response.body = "Too many passwords are being compared, try again later.\n";
  return response;
}

}  // namespace

void WebGuard::Guard(http::Router* router) {
  router->GuardAll(
      [this](http::Request& request, http::ErrorStyle /*errors*/) { return Refuse(request); });
  router->FinishBelow(
      "", [this](const http::Request&, http::Response* response) { SetHeaders(response); });
}

std::optional<http::Response> WebGuard::Refuse(const http::Request& request) {
  const std::shared_ptr<const config::WebFileSettings> settings = settings_.Get();
  if (settings->users.empty()) return std::nullopt;
  switch (auth_.Judge(settings->users, request.Header("Authorization"))) {
    case http::BasicAuth::Verdict::kGood:
      return std::nullopt;
    case http::BasicAuth::Verdict::kBusy:
      return Busy();
    case http::BasicAuth::Verdict::kBad:
      break;
  }
  return Unauthorized();
}

// In place of what a handler has set: the owner of the file knows what stands in front of us.
void WebGuard::SetHeaders(http::Response* response) const {
  const std::shared_ptr<const config::WebFileSettings> settings = settings_.Get();
  for (const auto& [name, value] : settings->headers) {
    if (name == kAlwaysSet) continue;
    auto& headers = response->headers;
    headers.erase(std::remove_if(headers.begin(), headers.end(),
                                 [&name = name](const auto& header) {
                                   return EqualsIgnoreCase(header.first, name);
                                 }),
                  headers.end());
    headers.emplace_back(name, value);
  }
}

}  // namespace tocsin::api
