// The parameters of GET /alerts: status, severity, rule_id, filter, match[], since, until, limit,
// offset.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/alert.h"
#include "exporter/api/alerting_json.h"
#include "exporter/api/event_query.h"
#include "exporter/api/known_alerts.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// What the parameter `status` may say.
inline constexpr std::array<const char*, 5> kAlertStateWords = {"active", "acknowledged", "pending",
                                                                "resolved", "all"};

struct AlertQuery {
  static constexpr std::size_t kMostListed = 10'000;

  std::vector<AlertState> states{AlertState::kFiring};
  std::vector<Severity> severities;  // one of them; none: no condition
  std::optional<std::string> rule_id;
  LabelConditions labels;
  // When it began to fire (else to be pending).
  std::optional<Timestamp> since;  // inclusive
  std::optional<Timestamp> until;  // exclusive
  std::size_t limit = kMostListed;
  std::size_t offset = 0;

  // All but state and page.
  bool Selects(const KnownAlert& alert) const;
};

// Adds whatever is wrong to `faults`.
AlertQuery ReadAlertQuery(const http::Request& request, Json* faults);

}  // namespace tocsin::api
