#include "exporter/api/web_guard.h"

#include "exporter/security/web_users.h"

namespace tocsin::api {
namespace {

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
  router->FinishBelow("", [this](const http::Request&, http::Response* response) {
    security::SetWebHeaders(*settings_.Get(), response);
  });
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

}  // namespace tocsin::api
