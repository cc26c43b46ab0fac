// The functions that Alertmanager adds to the template language. Those that ask the world get it
// from the host.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/template/value.h"
#include "base/time.h"

namespace tocsin::gotemplate {

struct ZoneAt {
  int offset_seconds = 0;  // east of UTC
  std::string abbreviation;
};

struct Environment {
  // For now and since. REQUIRES: set.
  std::function<Timestamp()> now;
  // For tz: what holds in the zone "Europe/Vienna" at that second; nothing if no such zone is
  // known. Without one, only UTC is known.
  std::function<std::optional<ZoneAt>(std::string_view zone, std::int64_t unix_seconds)> zone;
};

// toUpper toLower title join match reReplaceAll safeHtml safeUrl stringSlice trimSpace date tz
// since humanizeDuration urlUnescape toJson list append dict now toDate mustToDate base64encode
// base64decode.  https://prometheus.io/docs/alerting/latest/notifications/
// routeLabels is not among them: only the host knows its route.
FunctionMap AlertmanagerFunctions(const Environment& environment);
// Its part about times.
void AddTimeFunctions(const Environment& environment, FunctionMap* functions);

}  // namespace tocsin::gotemplate
