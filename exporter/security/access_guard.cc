#include "exporter/security/access_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/number.h"
#include "base/text.h"
#include "exporter/security/credentials.h"

namespace tocsin::security {
namespace {

using http::Access;
using http::ErrorStyle;
using http::Request;
using http::Response;
using http::Route;
using Kind = RateLimiter::Kind;

constexpr std::size_t kLongestPath = 200;  // of a refused request, in the audit log
constexpr const char* kOfScope = R"({"reason":"scope"})";

constexpr Scope kReaders[] = {Scope::kRead};
constexpr Scope kPushers[] = {Scope::kPush};
constexpr Scope kPushersAndOperators[] = {Scope::kPush, Scope::kOperate};
constexpr Scope kOperators[] = {Scope::kOperate};
constexpr Scope kAdmins[] = {Scope::kAdmin};

bool ChangesState(const Route& route) { return route.method != "GET" && route.method != "OPTIONS"; }

RateLimiter::Client ClientOf(const Request& request) {
  return {request.actor.key_id, request.remote_address};
}

AuditRecord RecordOf(const http::Actor& actor, const std::string& address, int status) {
  AuditRecord record;
  record.key_id = actor.key_id;
  record.actor = actor.name;
  record.from = address;
  record.outcome = std::to_string(status);
  return record;
}

std::string KindOf(const AuditRecord& refusal) {
  return fmt::format("{} {} {}", refusal.outcome, refusal.key_id, refusal.after);
}

// Paths of strangers may hold anything.
std::string PathForAudit(const Request& request) {
  return ToValidUtf8(TruncateUtf8(request.raw_path, kLongestPath));
}

}  // namespace

bool IsOpenToAll(const Route* route) { return route != nullptr && route->access == Access::kOpen; }

std::span<const Scope> ScopesThatOpen(const Route& route) {
  switch (route.access) {
    case Access::kOpen:
      break;
    case Access::kByMethod:
      return ChangesState(route) ? kAdmins : kReaders;
    case Access::kRead:
      return kReaders;
    case Access::kPush:
      return kPushers;
    case Access::kPushOrOperate:
      return kPushersAndOperators;
    case Access::kOperate:
      return kOperators;
    case Access::kAdmin:
      return kAdmins;
  }
  return {};
}

bool IsOpenTo(const Route* route, const Scopes& scopes) {
  if (IsOpenToAll(route) || route == nullptr) return true;
  const std::span<const Scope> keys = ScopesThatOpen(*route);
  return std::any_of(keys.begin(), keys.end(),
                     [&scopes](Scope scope) { return scopes.Allow(scope); });
}

bool IsAudited(const Route* route) {
  return route != nullptr && ChangesState(*route) && route->access != Access::kPush &&
         route->access != Access::kPushOrOperate;
}

AccessGuard::AccessGuard(KeyRing& keys, RateLimiter& limits, AuditLog& audit, const Clock& clock,
                         MetricRegistry& metrics, WebUsers* users)
    : keys_(keys),
      limits_(limits),
      audit_(audit),
      clock_(clock),
      users_(users),
      missing_(CounterFamily(metrics, "tocsin_http_requests_refused_total",
                             "Requests refused for want of a good key, or beyond a client's rate.")
                   .Add({{"reason", "missing_key"}})),
      invalid_(CounterFamily(metrics, "tocsin_http_requests_refused_total", "")
                   .Add({{"reason", "invalid_key"}})),
      scope_(CounterFamily(metrics, "tocsin_http_requests_refused_total", "")
                 .Add({{"reason", "scope"}})),
      rate_(CounterFamily(metrics, "tocsin_http_requests_refused_total", "")
                .Add({{"reason", "rate"}})) {}

void AccessGuard::Guard(http::Router* router, const http::Cors* cors) {
  router->GuardAll(
      [this, cors](Request& request, ErrorStyle errors) { return Judge(request, errors, cors); });
  router->FinishBelow(
      "", [this](const Request& request, Response* response) { Finish(request, response); });
  if (cors == nullptr) return;
  router->FinishBelow(
      "", [cors](const Request& request, Response* response) { cors->Finish(request, response); });
}

std::optional<Response> AccessGuard::Judge(Request& request, ErrorStyle errors,
                                           const http::Cors* cors) {
  // Probes are never held up.
  if (request.route != nullptr && request.route->is_probe) return std::nullopt;
  const bool asks = this->asks();
  Standing standing;
  if (asks) standing = Recognise(request);
  if (std::optional<Response> refused = LimitRate(request, errors)) return refused;
  if (cors != nullptr) {
    if (std::optional<Response> answer = cors->AnswerPreflight(request)) return answer;
  }
  // Behind the rate: guesses of passwords cost time.
  if (standing.is_unclear) {
    Welcome(users_->Judge(request.Header("Authorization")), &request, &standing);
  }
  request.stranger = asks && !standing.scopes;
  if (!asks || IsOpenToAll(request.route)) return std::nullopt;
  if (!standing.scopes) return Refuse(standing, errors);
  if (!IsOpenTo(request.route, *standing.scopes)) return Forbidden(errors);
  return std::nullopt;
}

AccessGuard::Standing AccessGuard::Recognise(Request& request) {
  Standing standing;
  if (const std::optional<std::string> token = FindToken(request)) {
    standing.has_credentials = true;
    if (const std::shared_ptr<const ApiKey> key = keys_.Find(*token, clock_.Now())) {
      request.actor.key_id = key->id;
      request.actor.name = key->name;
      standing.scopes = key->scopes;
      return standing;
    }
  }
  if (users_ == nullptr) return standing;
  const std::optional<WebUsers::Judgement> known = users_->Recall(request.Header("Authorization"));
  standing.is_unclear = !known;
  if (known) Welcome(*known, &request, &standing);
  return standing;
}

void AccessGuard::Welcome(const WebUsers::Judgement& judgement, Request* request,
                          Standing* standing) {
  standing->is_busy = judgement.verdict == http::BasicAuth::Verdict::kBusy;
  if (judgement.verdict != http::BasicAuth::Verdict::kGood) return;
  request->actor = judgement.actor;
  standing->scopes = kScopesOfUsers;
}

std::optional<Response> AccessGuard::LimitRate(const Request& request, ErrorStyle errors) {
  const RateLimiter::Client client = ClientOf(request);
  std::optional<std::int64_t> wait = limits_.Take(client, Kind::kRequests, 1);
  if (!wait) {
    // A chunked body has no length yet: it is charged when it was read.
    const std::optional<std::int64_t> length = ParseInt(request.Header("Content-Length"));
    if (length) wait = limits_.Take(client, Kind::kBytes, static_cast<double>(*length));
  }
  if (wait) return TooMuch(*wait, errors);
  return std::nullopt;
}

Response AccessGuard::TooMuch(std::int64_t seconds, ErrorStyle errors) {
  rate_.Increment();
  Response response = http::ErrorResponse(429, errors, "Rate limit exceeded");
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

std::optional<Response> AccessGuard::TakeSamples(const Request& request, std::size_t samples,
                                                 ErrorStyle errors) {
  const std::optional<std::int64_t> wait =
      limits_.Take(ClientOf(request), Kind::kSamples, static_cast<double>(samples));
  if (wait) return TooMuch(*wait, errors);
  return std::nullopt;
}

Response AccessGuard::Refuse(const Standing& standing, ErrorStyle errors) {
  if (!standing.is_busy) return Unauthorized(standing.has_credentials, errors);
  Response response =
      http::ErrorResponse(503, errors, "Too many passwords are being compared, try again later");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response AccessGuard::Unauthorized(bool is_invalid, ErrorStyle errors) {
  (is_invalid ? invalid_ : missing_).Increment();
  Response response =
      http::ErrorResponse(401, errors, is_invalid ? "Invalid API key" : "Missing API key");
  // Basic is what browsers and tools ask their users for.
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="tocsin")");
  response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="tocsin", charset="UTF-8")");
  response.change = std::make_shared<const http::Change>(
      http::Change{"access.refused", "", "",
                   is_invalid ? R"({"reason":"invalid key"})" : R"({"reason":"missing key"})"});
  return response;
}

Response AccessGuard::Forbidden(ErrorStyle errors) {
  scope_.Increment();
  Response response = http::ErrorResponse(403, errors, "Not permitted");
  response.change =
      std::make_shared<const http::Change>(http::Change{"access.refused", "", "", kOfScope});
  return response;
}

void AccessGuard::Finish(const Request& request, Response* response) {
  if (!request.body.empty() && request.Header("Content-Length").empty()) {
    limits_.Charge(ClientOf(request), Kind::kBytes, static_cast<double>(request.body.size()));
  }
  if (!response->is_repeated) Audit(request, *response);
}

void AccessGuard::Audit(const Request& request, const Response& response) {
  const bool is_refused = response.status == 401 || response.status == 403;
  const bool is_changed = response.status < 400 || response.status >= 500;
  if (!is_refused && !(is_changed && IsAudited(request.route))) return;
  AuditRecord record = RecordOf(request.actor, request.remote_address, response.status);
  if (is_refused) {
    record.action = "access.refused";
    record.target = fmt::format("{} {}", request.method, PathForAudit(request));
    record.after = response.change != nullptr ? response.change->after : "";
    audit_.Refuse(record, KindOf(record));
    return;
  }
  record.action = fmt::format("{} {}", request.route->method, request.route->pattern);
  if (!request.captures.empty()) record.target = request.captures.front();
  if (response.change != nullptr) {
    const http::Change& change = *response.change;
    if (!change.action.empty()) record.action = change.action;
    if (!change.target.empty()) record.target = change.target;
    record.before = change.before;
    record.after = change.after;
  }
  audit_.Append(record);
}

// ---- connections that stay

std::optional<Scopes> AccessGuard::ScopesOf(const Caller& caller) const {
  if (users_ != nullptr && users_->Knows(caller.actor.key_id)) return kScopesOfUsers;
  return keys_.ScopesOf(caller.actor.key_id, clock_.Now());
}

bool AccessGuard::MayStay(const Caller& caller) const {
  if (!asks()) return true;
  const std::optional<Scopes> scopes = ScopesOf(caller);
  return scopes && scopes->Allow(Scope::kRead);
}

bool AccessGuard::TakeMessage(const Caller& caller) {
  if (!limits_.Take({caller.actor.key_id, caller.address}, Kind::kRequests, 1)) return true;
  rate_.Increment();
  return false;
}

bool AccessGuard::Permit(const Caller& caller, Scope needed, std::string_view what) {
  if (!asks()) return true;
  const std::optional<Scopes> scopes = ScopesOf(caller);
  if (scopes && scopes->Allow(needed)) return true;
  scope_.Increment();
  AuditRecord record = RecordOf(caller.actor, caller.address, 403);
  record.action = "access.refused";
  record.target = what;
  record.after = kOfScope;
  audit_.Refuse(record, KindOf(record));
  return false;
}

void AccessGuard::NoteDone(const Caller& caller, const http::Change& change, int status) {
  AuditRecord record = RecordOf(caller.actor, caller.address, status);
  record.action = change.action;
  record.target = change.target;
  record.before = change.before;
  record.after = change.after;
  audit_.Append(record);
}

}  // namespace tocsin::security
