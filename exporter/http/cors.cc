#include "exporter/http/cors.h"

#include <algorithm>

namespace tocsin::http {
namespace {

// What clients of ours send beside what every page may.
constexpr const char* kRequestHeaders =
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, Last-Event-ID, "
    "Tocsin-Batch, X-API-Key";
constexpr const char* kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
// What they read beside what every page may.
constexpr const char* kResponseHeaders =
    "Allow, Content-Disposition, Date, Idempotency-Replayed, Location, Retry-After, X-Examined-To, "
    "X-Last-Sequence, X-Total-Count";
// Seconds; a change of the configuration is to be noticed.
constexpr const char* kMaxAge = "600";

}  // namespace

bool Cors::Allows(std::string_view origin) const {
  return !origin.empty() && std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end();
}

std::optional<Response> Cors::AnswerPreflight(const Request& request) const {
  if (request.method != "OPTIONS" || !Allows(request.Header("Origin")) ||
      request.Header("Access-Control-Request-Method").empty()) {
    return std::nullopt;
  }
  Response response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Methods", kMethods},
                      {"Access-Control-Allow-Headers", kRequestHeaders},
                      {"Access-Control-Max-Age", kMaxAge}};
  return response;
}

void Cors::Finish(const Request& request, Response* response) const {
  if (allowed_.empty()) return;
  // Also where nothing is allowed: caches must not give one site's answer to another.
  response->headers.emplace_back("Vary", "Origin");
  const std::string_view origin = request.Header("Origin");
  if (!Allows(origin)) return;
  response->headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  response->headers.emplace_back("Access-Control-Expose-Headers", kResponseHeaders);
}

}  // namespace tocsin::http
