// Alerts on their way from the rules to the receivers: the second border of the pipeline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/threshold_rule.h"
#include "base/time.h"

namespace tocsin {

//             violating            duration elapsed
//  inactive ------------> pending -------------------> firing <--> acknowledged
//     ^                      | good, stale                |             |
//     +----------------------+      resolved <------------+-------------+
enum class AlertState : std::uint8_t { kInactive, kPending, kFiring, kAcknowledged, kResolved };
// The alerting API's words: "inactive", "pending", "active", "acknowledged", "resolved".
std::string_view AlertStateName(AlertState state);
std::optional<AlertState> ParseAlertState(std::string_view word);

enum class ResolveReason : std::uint8_t {
  kNone,
  kRecovered,
  kManual,
  kRuleDeleted,
  kRuleDisabled,
  kRuleChanged,
  kStale,
  kExpired,  // of a posted alert: its sender has fallen silent
};
std::string_view ResolveReasonName(ResolveReason reason);  // "recovered", ...; "" for none
std::optional<ResolveReason> ParseResolveReason(std::string_view word);

// One episode of one rule and label set. Crosses borders as shared_ptr<const Alert>; each change of
// state makes a new value.
struct Alert {
  std::string id;                 // UUID of the episode
  std::uint64_t fingerprint = 0;  // of rule and label set: the same from one episode to the next
  AlertState state = AlertState::kPending;

  std::shared_ptr<const ThresholdRule> rule;  // as it was when the episode began or was last told
  Labels labels;    // alertname, severity, pynomaly_severity and the series' own, without __name__
  Labels metadata;  // the series' own, without __name__

  double value = 0;  // the newest one seen when this version was made
  Timestamp last_value_at;
  Timestamp pending_since;                // the first violating sample
  std::optional<Timestamp> triggered_at;  // when it began to fire
  std::optional<Timestamp> acknowledged_at;
  std::optional<Timestamp> acknowledged_until;  // then it fires again; none: until it resolves
  // Sticky: an episode that begins no later than that after the end of this one is acknowledged
  // too.
  Duration acknowledgement_survives{0};
  std::optional<Timestamp> resolved_at;
  Timestamp updated_at;

  std::string acknowledged_by;
  std::string acknowledge_note;
  std::string resolved_by;  // who, for a manual resolve
  std::string resolve_note;
  ResolveReason resolved_reason = ResolveReason::kNone;

  bool active() const { return state == AlertState::kFiring || state == AlertState::kAcknowledged; }
  std::string fingerprint_text() const;  // 16 hexadecimal digits
};

using AlertPtr = std::shared_ptr<const Alert>;

// What a person says who acknowledges an alert. Said again, what is empty leaves what was said
// before.
struct AcknowledgeCommand {
  std::string actor = {};
  std::string note = {};
  std::optional<Duration> lasts = {};     // none: until the alert resolves
  std::optional<Duration> survives = {};  // Alert::acknowledgement_survives
};

// Takes every change of an alert that fires or fired. Called by the rule engine's thread. Never
// blocks: where too much waits, a newer version of an alert replaces the older one of the same id.
// The engine has handed the new state to the StateStore before, and the store keeps that order, so
// whatever the receiver side commits is announced after the state it is about is durable.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  virtual void Accept(std::vector<AlertPtr> alerts) = 0;
};

// As JSON text for the state store, and back (fails on text of another making).
std::string SerializeAlert(const Alert& alert);
Result<Alert> ParseAlert(std::string_view json);

}  // namespace tocsin
