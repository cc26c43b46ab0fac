// A native threshold rule as the configuration reads it: plain data that evaluator, receivers and
// APIs share. Field names and bounds are the alerting API's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin {

enum class Severity : std::uint8_t { kCritical, kHigh, kMedium, kLow, kInfo };
std::string_view SeverityName(Severity severity);              // "critical", ..., lower case
std::optional<Severity> ParseSeverity(std::string_view word);  // any case; "warning" is medium
// The word of the Prometheus world: critical, critical, warning, warning, info.
std::string_view PrometheusSeverityName(Severity severity);

enum class Condition : std::uint8_t {
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kEqual,
  kNotEqual
};
std::string_view ConditionSymbol(Condition condition);  // ">", "<", ">=", "<=", "==", "!="
std::optional<Condition> ParseCondition(std::string_view symbol);

// What becomes of an alert that fires when its series ends or falls silent.
enum class StaleAlerts : std::uint8_t {
  kResolve,  // over, with the reason "stale"
  kKeep,     // it fires on, until a good sample, a person or a change of the rule ends it
};
std::string_view StaleAlertsName(StaleAlerts what);  // "resolve", "keep"
std::optional<StaleAlerts> ParseStaleAlerts(std::string_view word);

// What messages link to: http or https, and no longer than all vendors take.
inline constexpr std::size_t kMaxRuleUrlBytes = 1000;
Status CheckRuleUrl(std::string_view url);

struct ThresholdRule {
  std::string id;    // UUID; of a file rule derived from file and name, so stable over restarts
  std::string name;  // 1..255 characters
  std::string description;
  std::string metric_name;        // as written, dotted or underscored
  std::string series_name;        // MapMetricName(metric_name)
  std::vector<Matcher> matchers;  // on the other labels; none selects all series of that name
  Condition condition = Condition::kGreater;
  double threshold = 0;        // finite
  std::string threshold_text;  // as written: "80.0" stays "80.0"
  Duration duration{0};        // how long the condition must hold
  Severity severity = Severity::kMedium;
  bool enabled = true;
  std::vector<std::string> notification_channels;  // receiver names; none: the default receivers
  std::string notification_template;  // braces form (base/template/braces.h); may be empty
  Duration cooldown{std::chrono::seconds(300)};
  std::optional<Duration> stale_after;      // else the `staleness` setting
  std::optional<StaleAlerts> stale_alerts;  // else the setting of that name
  // Where a person finds more; empty, or as CheckRuleUrl wants them.
  std::string runbook_url;
  std::string dashboard_url;
  std::string source_file;  // empty for rules made over the API
  int source_line = 0;      // one-based

  // An ordinary NaN satisfies no condition, not even !=.
  bool Violates(double value) const;
  // What decides alert state is equal: a reload that changes nothing else keeps the rule's alerts.
  bool SameCondition(const ThresholdRule& other) const;

  friend bool operator==(const ThresholdRule&, const ThresholdRule&) = default;
};

}  // namespace tocsin
