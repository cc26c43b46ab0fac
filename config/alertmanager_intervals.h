// `time_intervals` of alertmanager.yml, and the deprecated `mute_time_intervals` beside it: from
// YAML and back. The texts inside are config/time_interval.h's.
#pragma once

#include <vector>

#include "config/decode.h"
#include "config/time_interval.h"
#include "config/yaml.h"

namespace tocsin::config {

// Both lists of the file; names are unique among all of them.
std::vector<TimeInterval> DecodeTimeIntervals(MapDecoder& top);

YamlNode TimeIntervalToYaml(const TimeInterval& interval);

}  // namespace tocsin::config
