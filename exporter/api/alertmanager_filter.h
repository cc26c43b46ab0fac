// The query parameters of GET alerts, groups and silences.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/matcher.h"
#include "base/matcher_text.h"
#include "exporter/api/alertmanager_json.h"
#include "exporter/http/http.h"

namespace tocsin::api {

// true, 1, yes, ok, y, on, selected, checked, t, enabled in any case; all else is false. Absent:
// true.
bool BoolParameter(const http::Request& request, std::string_view name);

// Each `filter` holds one matcher; all must match.
std::variant<std::vector<Matcher>, http::Response> FilterParameter(const http::Request& request,
                                                                   MatcherDialect dialect);

struct AlertFilter {
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool muted = true;
  std::vector<Matcher> matchers;
  std::optional<Matcher> receiver;  // of a receiver's name

  bool TakesReceiver(std::string_view name) const { return !receiver || receiver->Matches(name); }
  bool TakesStatus(const AlertStatus& status) const;
};
std::variant<AlertFilter, http::Response> ReadAlertFilter(const http::Request& request,
                                                          MatcherDialect dialect);

}  // namespace tocsin::api
