#include "receivers/templates/ending.h"

#include <fmt/format.h>

#include "receivers/templates/rule_text.h"

namespace tocsin::receivers {
namespace {

// "10:01 UTC", or with the day where that is not the day of `now`.
std::string ClockTime(Timestamp t, Timestamp now) {
  const std::string text = FormatRfc3339(t);
  const std::string day = text.substr(0, 10);
  const std::string time = text.substr(11, 5) + " UTC";
  return day == FormatRfc3339(now).substr(0, 10) ? time : day + " " + time;
}

std::string ManualWords(const Alert& alert) {
  std::string words =
      alert.resolved_by.empty() ? "resolved by hand" : "resolved by " + alert.resolved_by;
  if (!alert.resolve_note.empty()) words += fmt::format(" ({})", alert.resolve_note);
  return words;
}

}  // namespace

std::string_view ReasonWords(ResolveReason reason) {
  switch (reason) {
    case ResolveReason::kNone:
      return "";
    case ResolveReason::kRecovered:
      return "recovered";
    case ResolveReason::kManual:
      return "resolved by hand";
    case ResolveReason::kRuleDeleted:
      return "rule deleted";
    case ResolveReason::kRuleDisabled:
      return "rule disabled";
    case ResolveReason::kRuleChanged:
      return "rule changed";
    case ResolveReason::kStale:
      return "no data";
    case ResolveReason::kExpired:
      return "sender fell silent";
  }
  return "";
}

std::string EndingWords(const Alert& alert) {
  if (alert.resolved_reason == ResolveReason::kManual) return ManualWords(alert);
  std::string words(ReasonWords(alert.resolved_reason));
  if (alert.resolved_reason == ResolveReason::kStale) {
    words +=
        " since " + ClockTime(alert.last_value_at, alert.resolved_at.value_or(alert.updated_at));
  }
  return words;
}

std::string EndingSentence(const Alert& alert) {
  if (alert.state != AlertState::kResolved || alert.resolved_reason == ResolveReason::kNone ||
      alert.resolved_reason == ResolveReason::kRecovered) {
    return "";
  }
  std::string sentence = EndingWords(alert);
  sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
  // What somebody has posted has no value.
  if (const std::string value = ValueText(alert); !value.empty()) {
    sentence += "; last value " + value;
  }
  return sentence + ".";
}

std::string WithEnding(const Alert& alert, const std::string& message) {
  const std::string ending = EndingSentence(alert);
  if (ending.empty() || message.empty()) return ending + message;
  return ending + "\n" + message;
}

}  // namespace tocsin::receivers
