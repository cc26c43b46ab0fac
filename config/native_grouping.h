// How alerts of our own rules are grouped and timed on their way to receivers that a rule names:
// tocsin.routing.native, and what a receiver of tocsin.yml says otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
namespace tocsin::config {

class MapDecoder;

// What is absent is as the more general one says, and in the end: each alert by itself, at once,
// with a second between looks at what is held back, and no second message.
struct NativeGrouping {
  std::optional<std::vector<std::string>> group_by;  // sorted; {"..."}: each alert by itself
  std::optional<Duration> group_wait;
  std::optional<Duration> group_interval;
  std::optional<Duration> repeat_interval;
  friend bool operator==(const NativeGrouping&, const NativeGrouping&) = default;
};

// Reads the four keys from a map that may have others.
NativeGrouping DecodeNativeGrouping(MapDecoder& map);

// `special` where it says something, else `general`.
NativeGrouping Combine(const NativeGrouping& special, const NativeGrouping& general);

}  // namespace tocsin::config
