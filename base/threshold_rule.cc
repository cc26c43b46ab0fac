#include "base/threshold_rule.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/http_client.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::array<std::pair<Severity, std::string_view>, 5> kSeverities = {
    {{Severity::kCritical, "critical"},
     {Severity::kHigh, "high"},
     {Severity::kMedium, "medium"},
     {Severity::kLow, "low"},
     {Severity::kInfo, "info"}}};

constexpr std::array<std::pair<Condition, std::string_view>, 6> kConditions = {
    {{Condition::kGreater, ">"},
     {Condition::kLess, "<"},
     {Condition::kGreaterEqual, ">="},
     {Condition::kLessEqual, "<="},
     {Condition::kEqual, "=="},
     {Condition::kNotEqual, "!="}}};

}  // namespace

std::string_view SeverityName(Severity severity) {
  return kSeverities.at(static_cast<std::size_t>(severity)).second;
}

std::optional<Severity> ParseSeverity(std::string_view word) {
  if (EqualsIgnoreCase(word, "warning")) return Severity::kMedium;
  for (const auto& [severity, name] : kSeverities) {
    if (EqualsIgnoreCase(word, name)) return severity;
  }
  return std::nullopt;
}

std::string_view PrometheusSeverityName(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
    case Severity::kHigh:
      return "critical";
    case Severity::kMedium:
    case Severity::kLow:
      return "warning";
    case Severity::kInfo:
      return "info";
  }
  return "info";
}

std::string_view ConditionSymbol(Condition condition) {
  return kConditions.at(static_cast<std::size_t>(condition)).second;
}

std::optional<Condition> ParseCondition(std::string_view symbol) {
  for (const auto& [condition, name] : kConditions) {
    if (symbol == name) return condition;
  }
  return std::nullopt;
}

std::string_view StaleAlertsName(StaleAlerts what) {
  return what == StaleAlerts::kKeep ? "keep" : "resolve";
}

std::optional<StaleAlerts> ParseStaleAlerts(std::string_view word) {
  if (word == "resolve") return StaleAlerts::kResolve;
  if (word == "keep") return StaleAlerts::kKeep;
  return std::nullopt;
}

Status CheckRuleUrl(std::string_view url) {
  if (url.size() > kMaxRuleUrlBytes) {
    return Error{fmt::format("is longer than {} bytes", kMaxRuleUrlBytes)};
  }
  return CheckUrl(url);
}

bool ThresholdRule::Violates(double value) const {
  switch (condition) {
    case Condition::kGreater:
      return value > threshold;
    case Condition::kLess:
      return value < threshold;
    case Condition::kGreaterEqual:
      return value >= threshold;
    case Condition::kLessEqual:
      return value <= threshold;
    case Condition::kEqual:
      return value == threshold;
    case Condition::kNotEqual:
      return value != threshold && !std::isnan(value);
  }
  return false;
}

bool ThresholdRule::SameCondition(const ThresholdRule& other) const {
  return series_name == other.series_name && matchers == other.matchers &&
         condition == other.condition && threshold == other.threshold;
}

}  // namespace tocsin
