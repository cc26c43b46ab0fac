#include "exporter/api/alert_query.h"

#include <algorithm>

#include "base/number.h"
#include "base/text.h"
#include "exporter/api/faults.h"
#include "exporter/api/rule_body.h"

namespace tocsin::api {
namespace {

using http::Request;

const std::vector<AlertState> kAllStates = {AlertState::kPending, AlertState::kFiring,
                                            AlertState::kAcknowledged, AlertState::kResolved};

void ReadStates(const Request& request, AlertQuery* query, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter("status");
  if (!text) return;
  query->states.clear();
  for (std::string_view word : Split(*text, ',')) {
    const std::string_view trimmed = TrimSpace(word);
    const std::optional<AlertState> state = ParseAlertState(trimmed);
    if (trimmed == "all") {
      query->states = kAllStates;
    } else if (state && *state != AlertState::kInactive) {
      query->states.push_back(*state);
    } else {
      faults->push_back(
          NoMemberFault("status", {kAlertStateWords.begin(), kAlertStateWords.end()}));
    }
  }
}

void ReadSeverities(const Request& request, AlertQuery* query, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter("severity");
  if (!text) return;
  for (std::string_view word : Split(*text, ',')) {
    const std::optional<Severity> severity = ParseSeverity(TrimSpace(word));
    if (severity) {
      query->severities.push_back(*severity);
    } else {
      faults->push_back(NoMemberFault("severity", {kSeverityWords.begin(), kSeverityWords.end()}));
    }
  }
}

void ReadPlace(const Request& request, const char* name, std::size_t* value, Json* faults) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text) return;
  const std::optional<std::int64_t> number = ParseInt(*text);
  if (!number) {
    faults->push_back(Fault({"query", name}, "value is not a valid integer", "type_error.integer"));
  } else if (*number < 0) {
    faults->push_back(Fault({"query", name}, "ensure this value is greater than or equal to 0",
                            "value_error.number.not_ge", {{"limit_value", 0}}));
  } else {
    *value = static_cast<std::size_t>(*number);
  }
}

}  // namespace

bool AlertQuery::Selects(const KnownAlert& alert) const {
  if (rule_id && alert.rule_id() != *rule_id) return false;
  if (since && alert.began() < *since) return false;
  if (until && alert.began() >= *until) return false;
  if (!severities.empty() &&
      std::find(severities.begin(), severities.end(), alert.severity()) == severities.end()) {
    return false;
  }
  return labels.Select(alert.labels());
}

AlertQuery ReadAlertQuery(const Request& request, Json* faults) {
  AlertQuery query;
  ReadStates(request, &query, faults);
  ReadPlace(request, "limit", &query.limit, faults);
  ReadPlace(request, "offset", &query.offset, faults);
  query.rule_id = request.QueryParameter("rule_id");
  ReadSeverities(request, &query, faults);
  query.labels = ReadLabelConditions(request, faults);
  ReadTime(request, "since", &query.since, faults);
  ReadTime(request, "until", &query.until, faults);
  return query;
}

}  // namespace tocsin::api
