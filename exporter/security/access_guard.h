// AccessGuard: stands in front of every route of a listener. It finds out who asks, by an API key
// or as a user of the web configuration file, holds clients to their rates, compares their scopes
// with what the route needs, and tells the audit log what was changed and who was refused.
//
// Without any key or user everybody may do everything, within their rates. Any thread. Outlives the
// routers that it guards.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/scopes.h"
#include "exporter/http/cors.h"
#include "exporter/http/http.h"
#include "exporter/security/audit_log.h"
#include "exporter/security/key_ring.h"
#include "exporter/security/rate_limiter.h"
#include "exporter/security/web_users.h"

namespace tocsin::security {

// Any of these scopes opens a route; none: everybody may.
std::span<const Scope> ScopesThatOpen(const http::Route& route);
// Whether a key with these scopes opens a route. `route` is null where there is none: then any key
// learns so.
bool IsOpenTo(const http::Route* route, const Scopes& scopes);
bool IsOpenToAll(const http::Route* route);
// Whether what the route does belongs into the audit log: it changes something, and is no
// submission of metrics or alerts.
bool IsAudited(const http::Route* route);

// Who is at the other end of a connection that stays (http/stream.h).
struct Caller {
  http::Actor actor;
  std::string address;
};

class AccessGuard {
 public:
  // Everything outlives the object; `users` may be null, where there are none.
  AccessGuard(KeyRing& keys, RateLimiter& limits, AuditLog& audit, const Clock& clock,
              MetricRegistry& metrics, WebUsers* users = nullptr);

  // Before the server starts. `cors` outlives the router; null: no page of another site is let in.
  void Guard(http::Router* router, const http::Cors* cors = nullptr);
  // Whether requests need a key or a password.
  bool asks() const { return keys_.asks() || (users_ != nullptr && users_->asks()); }

  // For intakes, once they know how many samples a request carries and before they take them: the
  // answer to one that may not send so many now.
  std::optional<http::Response> TakeSamples(const http::Request& request, std::size_t samples,
                                            http::ErrorStyle errors);

  // ---- for connections that stay, about those who were let in

  // Whether they would still be: their key may have ended since, or the first one been made.
  bool MayStay(const Caller& caller) const;
  // Pays for one more message of theirs; false beyond their rate.
  bool TakeMessage(const Caller& caller);
  // Whether they may do what needs this scope. `what` is for the audit log, which has refusals.
  bool Permit(const Caller& caller, Scope needed, std::string_view what);
  // They have changed something; `status` is what a request would have been answered.
  void NoteDone(const Caller& caller, const http::Change& change, int status);

 private:
  // What is known of who asks.
  struct Standing {
    bool has_credentials = false;
    bool is_unclear = false;            // a password must be compared first
    bool is_busy = false;               // it cannot be now
    std::optional<Scopes> scopes = {};  // none: nobody that we know
  };

  std::optional<http::Response> Judge(http::Request& request, http::ErrorStyle errors,
                                      const http::Cors* cors);
  Standing Recognise(http::Request& request);
  static void Welcome(const WebUsers::Judgement& judgement, http::Request* request,
                      Standing* standing);
  std::optional<Scopes> ScopesOf(const Caller& caller) const;
  std::optional<http::Response> LimitRate(const http::Request& request, http::ErrorStyle errors);
  http::Response TooMuch(std::int64_t seconds, http::ErrorStyle errors);
  http::Response Refuse(const Standing& standing, http::ErrorStyle errors);
  http::Response Unauthorized(bool is_invalid, http::ErrorStyle errors);
  http::Response Forbidden(http::ErrorStyle errors);
  void Finish(const http::Request& request, http::Response* response);
  void Audit(const http::Request& request, const http::Response& response);

  KeyRing& keys_;
  RateLimiter& limits_;
  AuditLog& audit_;
  const Clock& clock_;
  WebUsers* const users_;
  prometheus::Counter& missing_;
  prometheus::Counter& invalid_;
  prometheus::Counter& scope_;
  prometheus::Counter& rate_;
};

}  // namespace tocsin::security
