// Native threshold rules from a YAML file: a map with a list under `rules:`. Fields and bounds are
// the alerting API's; durations may also be written as Prometheus writes them.
//
//   rules:
//   - name: High CPU Usage
//     metric_name: system.cpu.usage
//     condition: ">"
//     threshold: 80
//     duration: 1m
//     severity: high
//     notification_channels: [ops]
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/threshold_rule.h"
#include "base/time.h"
#include "config/report.h"

namespace tocsin::config {

class MapDecoder;
class ReceiverNames;

// A larger rule file is refused.
inline constexpr std::size_t kMaxRuleFileBytes = 16 << 20;

struct RuleFileContext {
  // What stands for the file in the ids of its rules. Ids are the identity of alerts, so this must
  // outlive restarts and a move of the whole configuration: the path as rule_files reaches it from
  // the configuration file.
  std::string identity;
  // What notification_channels are checked against; null: they are not.
  const ReceiverNames* receivers = nullptr;
  // Of a rule that has no stale_after; none: unknown.
  std::optional<Duration> staleness;
};

// The key `stale_alerts`, of a rule or of all; what is no word of it is reported.
std::optional<StaleAlerts> ReadStaleAlerts(MapDecoder& map);

// The rules that are sound; everything else is in the report. A name identifies a rule within its
// file: whoever renames one makes another.
std::vector<std::shared_ptr<const ThresholdRule>> ReadRuleFile(std::string_view text,
                                                               const RuleFileContext& context,
                                                               FileReport& report);

}  // namespace tocsin::config
