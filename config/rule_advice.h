// What a native rule will not do as one may think, whether a file or the API brought it. Pure
// functions.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/threshold_rule.h"
#include "base/time.h"

namespace tocsin::config {

// What stands in the braces of a notification_template and is no label.
inline constexpr std::string_view kRuleWords[] = {
    "alert_id",  "condition",   "description",  "duration", "fingerprint",
    "message",   "metric_name", "metric_value", "name",     "rule_id",
    "rule_name", "resolved_at", "severity",     "SEVERITY", "status",
    "threshold", "timestamp",   "triggered_at", "url",      "value"};

struct RuleAdvice {
  std::string_view field;  // of the rule, as files and the API call it
  std::string message;
};

// The names of the labels that the rule's series have; empty where there is none yet.
using SeriesLabels = std::function<std::set<std::string>(const ThresholdRule& rule)>;

// `staleness` is that of a rule without stale_after; none: unknown. `labels` is asked only where
// the template has placeholders that a label must fill; null: nobody knows.
std::vector<RuleAdvice> AdviceOnRule(const ThresholdRule& rule,
                                     const std::optional<Duration>& staleness,
                                     const SeriesLabels& labels = nullptr);

}  // namespace tocsin::config
