// A rule as POST and PUT /rules say it, read from JSON: all that is wrong is listed. Pure
// functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/threshold_rule.h"
#include "config/receivers.h"
#include "config/rule_advice.h"
#include "exporter/api/alerting_json.h"

namespace tocsin::api {

// What is refused beyond; the description of the API tells them, too.
struct RuleLimits {
  static constexpr std::size_t kWordCharacters = 255;  // the contract's
  // Ours: no honest text is longer.
  static constexpr std::size_t kTextCharacters = 16'384;
  static constexpr std::size_t kLabels = 64;
  static constexpr std::size_t kChannels = 64;
  static constexpr std::int64_t kSeconds = 10LL * 365 * 24 * 3600;
};
inline constexpr const char* kConditionPattern = "^(>|<|>=|<=|==|!=)$";
inline constexpr std::array<const char*, 2> kStaleAlertsWords = {"resolve", "keep"};
inline constexpr std::array<const char*, 5> kSeverityWords = {"critical", "high", "medium", "low",
                                                              "info"};

// What is said; the rest stays as it is, or has its default. Empty description, template and
// links, and a stale_alerts of nothing: null was said.
struct RuleBody {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> metric_name;
  std::optional<std::vector<Matcher>> matchers;
  std::optional<Condition> condition;
  std::optional<std::string> threshold_text;
  double threshold = 0;  // of threshold_text
  std::optional<Duration> duration;
  std::optional<Severity> severity;
  std::optional<bool> enabled;
  std::optional<std::vector<std::string>> notification_channels;
  std::optional<std::string> notification_template;
  std::optional<Duration> cooldown;
  std::optional<std::optional<StaleAlerts>> stale_alerts;
  std::optional<std::string> runbook_url;
  std::optional<std::string> dashboard_url;

  void ApplyTo(ThresholdRule* rule) const;
};

enum class RuleFields : std::uint8_t {
  kAllRequired,  // a new rule
  kAnySubset,    // a change of one
};

// Unknown members are ignored. `receivers` are those that rules may name.
RuleBody ReadRuleBody(const nlohmann::json& body, RuleFields fields,
                      const config::ReceiverNames& receivers, Json* faults);

// What a rule will not do as one may think: channels that nobody has configured, and the like.
// `labels` may be null.
std::vector<std::string> RuleWarnings(const ThresholdRule& rule,
                                      const config::ReceiverNames& receivers, Duration staleness,
                                      const config::SeriesLabels& labels = nullptr);

}  // namespace tocsin::api
