// Any bytes as method and path, "GET /a/b": a route is found or there is an answer, and handlers
// see text only.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "exporter/http/http.h"

namespace tocsin::http {
namespace {

Router MakeRouter() {
  Router router;
  const auto add = [&](const char* method, const char* pattern, ErrorStyle errors) {
    router.Add({method, pattern, [](const Request&) { return Response(); }, 1 << 20, errors});
  };
  add("GET", "/", ErrorStyle::kPlain);
  add("GET", "/metrics", ErrorStyle::kPlain);
  for (const char* method : {"PUT", "POST", "DELETE"}) {
    add(method, "/metrics/job/**", ErrorStyle::kPlain);
  }
  add("GET", "/alerting/alerts", ErrorStyle::kJson);
  add("GET", "/alerting/alerts/{id}", ErrorStyle::kJson);
  add("POST", "/alerting/alerts/{id}/resolve", ErrorStyle::kJson);
  add("GET", "/alerting/{what}/new/{how}", ErrorStyle::kJson);
  add("GET", "/alerting/**", ErrorStyle::kJson);
  return router;
}

void CheckError(const Router::Match& match) {
  const int status = match.error.status;
  CHECK(status == 400 || status == 404 || status == 405);
  CHECK(!match.error.body.empty());
  CHECK(match.error.headers.size() == (status == 405 ? 1 : 0));
}

void CheckParts(const Request& request) {
  for (const std::string& part : request.path) {
    CHECK(IsValidUtf8(part) && part.find('\0') == std::string::npos);
  }
  for (const std::string& capture : request.captures) {
    CHECK(std::find(request.path.begin(), request.path.end(), capture) != request.path.end());
  }
}

void Run(std::string_view method, std::string_view path) {
  static const Router router = MakeRouter();
  static Request reused;  // as in a worker: from request to request
  Request fresh;
  fresh.method = reused.method = method;
  fresh.raw_path = reused.raw_path = path;
  const Router::Match match = router.Find(fresh);
  CHECK(router.Find(reused).route == match.route);
  CHECK(reused.path == fresh.path && reused.captures == fresh.captures);
  if (match.route == nullptr) {
    CheckError(match);
    return;
  }
  CHECK(match.route->method == method || (match.route->method == "GET" && method == "HEAD"));
  CheckParts(fresh);
}

}  // namespace
}  // namespace tocsin::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t blank = std::min(text.find(' '), size);
  tocsin::http::Run(text.substr(0, blank), text.substr(std::min(blank + 1, size)));
  return 0;
}
