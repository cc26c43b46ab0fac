// Events of the history as JSON and CSV. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/event.h"
#include "exporter/api/alerting_json.h"

namespace tocsin::api {

// One event, as JSON text. The body of a rule's alert is the alert as the alerting API shows it,
// but for its notifications: how those went are other events.
std::string EventJson(const Event& event);

// The events of one alert in few words: of its states when, who and why, of notifications where
// to and what came of it.
Json AlertHistoryJson(const std::vector<Event>& events);

// RFC 4180, with a head. What a spreadsheet would take for a formula (= + - @, and the blanks
// before one) gets an apostrophe in front. https://owasp.org/www-community/attacks/CSV_Injection
std::string EventsCsv(const std::vector<Event>& events);

}  // namespace tocsin::api
