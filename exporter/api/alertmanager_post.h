// Bodies of POST /api/v2/alerts and /api/v2/silences into values, with Alertmanager's answers to
// what is wrong with them. Pure functions but for a parser's memory, one a thread; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/matcher_text.h"
#include "base/time.h"
#include "exporter/http/http.h"
#include "receivers/alerts/posted_alert.h"
#include "receivers/mute/silences.h"

namespace tocsin::api {

struct ReadAlerts {
  std::vector<receivers::PostedAlert> alerts;  // the good ones, complete
  std::vector<std::string> invalid;            // why each of the others is refused
};

// The answer where the body as a whole is refused. `body` has http::kBodyPadding spare capacity.
std::variant<ReadAlerts, http::Response> ReadPostedAlerts(const std::string& body, Timestamp now,
                                                          Duration resolve_timeout,
                                                          MatcherDialect dialect);

std::variant<receivers::Silence, http::Response> ReadPostedSilence(const std::string& body,
                                                                   MatcherDialect dialect);

}  // namespace tocsin::api
