// Durations as Go's time.ParseDuration reads them ("500ms", "1m30s", "1.5h"), for the few keys of
// alertmanager.yml that have this form. Pure functions.
// https://pkg.go.dev/time#ParseDuration
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace tocsin {

// Empty for any other text, for negative durations and beyond 292 years. What is finer than a
// millisecond is rounded up, so that a short timeout does not become none.
std::optional<Duration> ParseGoDuration(std::string_view text);

}  // namespace tocsin
