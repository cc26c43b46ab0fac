// The parameters of GET /events.
#pragma once

#include <cstdint>
#include <vector>

#include "base/event.h"
#include "base/matcher.h"
#include "exporter/api/alerting_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

enum class EventFormat : std::uint8_t { kJson, kCsv };

struct EventRequest {
  EventQuery query;
  std::vector<Matcher> filter;                  // each must hold
  std::vector<std::vector<Matcher>> selectors;  // all of one of them; none: no condition
  EventFormat format = EventFormat::kJson;

  bool has_matchers() const { return !filter.empty() || !selectors.empty(); }
  bool Selects(const Event& event) const;
};

// since, until, after, before, type, rule_id, alert_id, receiver, match[], filter, limit, order,
// format. Adds whatever is wrong to `faults`. Newest first, or in their order where `after` is
// given, unless `order` says otherwise.
EventRequest ReadEventRequest(const http::Request& request, Json* faults);

}  // namespace tocsin::api
