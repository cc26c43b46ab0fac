// The parameters of GET /events, and those on labels, which lists of alerts have too.
#pragma once

#include <cstdint>
#include <vector>

#include "base/event.h"
#include "base/matcher.h"
#include "exporter/api/alerting_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

enum class EventFormat : std::uint8_t { kJson, kCsv };

// The parameters `filter` and `match[]` of whatever has labels.
struct LabelConditions {
  std::vector<Matcher> filter;                  // each must hold
  std::vector<std::vector<Matcher>> selectors;  // all of one of them; none: no condition

  bool empty() const { return filter.empty() && selectors.empty(); }
  bool Select(LabelsView labels) const;
};
LabelConditions ReadLabelConditions(const http::Request& request, Json* faults);

struct EventRequest {
  static constexpr std::uint64_t kMostEvents = 10'000;  // of one answer
  static constexpr const char* kTypePattern = R"(^[a-z_]+\.([a-z_]+)?$)";

  EventQuery query;
  LabelConditions labels;
  EventFormat format = EventFormat::kJson;

  bool has_matchers() const { return !labels.empty(); }
  bool Selects(const Event& event) const { return labels.Select(event.labels); }
};

// since, until, after, before, type, rule_id, alert_id, receiver, match[], filter, limit, order,
// format. Adds whatever is wrong to `faults`. Newest first, or in their order where `after` is
// given, unless `order` says otherwise.
EventRequest ReadEventRequest(const http::Request& request, Json* faults);

}  // namespace tocsin::api
