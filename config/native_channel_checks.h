// What the table of a native channel's keys cannot say: words that a key must be one of, keys that
// go together. Pure functions.
#pragma once

#include <string_view>

#include "config/checked_keys.h"

namespace tocsin::config {

// Of the channel of that type ("jira"); reports what is wrong. The keys are complete.
void CheckNativeKeys(std::string_view type, MapDecoder& map, const CheckedKeys& keys);

}  // namespace tocsin::config
