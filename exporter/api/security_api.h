// API keys and the audit log: GET and POST keys, DELETE keys/{id}, GET audit. Served under
// /api/v1/alerting and /alerting alike, to administrators only. A token stands in the answer to
// POST and nowhere else.
//
// Handlers run on web workers; changes are answered when they are durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "exporter/http/http.h"
#include "exporter/security/audit_log.h"
#include "exporter/security/key_ring.h"

namespace tocsin::api {

class SecurityApi {
 public:
  static constexpr std::size_t kUsualEntries = 100;  // of the audit log
  static constexpr std::int64_t kMostEntries = 1'000;
  static constexpr double kLongestLife = 100.0 * 365 * 24 * 3600;  // of a key, in seconds

  // Everything outlives the object, which must outlive the routes.
  SecurityApi(security::KeyRing& keys, const security::AuditLog& audit, const Clock& clock)
      : keys_(keys), audit_(audit), clock_(clock) {}

  std::vector<http::Route> Routes();

 private:
  http::Response ListKeys() const;
  http::Response CreateKey(const http::Request& request);
  http::Response RevokeKey(const http::Request& request);
  http::Response ListAudit(const http::Request& request) const;

  security::KeyRing& keys_;
  const security::AuditLog& audit_;
  const Clock& clock_;
};

}  // namespace tocsin::api
