#include "receivers/alerts/native_alert.h"

#include <algorithm>

#include "base/group_key.h"

namespace tocsin::receivers {
namespace {

// The last second of the year 9999: the last one that RFC 3339 can write.
constexpr std::int64_t kNoEndMillis = 253'402'300'799'000;

}  // namespace

Annotations NativeAnnotations(const Alert& alert, const std::string& message) {
  const ThresholdRule& rule = *alert.rule;
  Annotations annotations;
  if (!rule.dashboard_url.empty()) annotations.emplace_back("dashboard_url", rule.dashboard_url);
  if (!rule.description.empty()) annotations.emplace_back("description", rule.description);
  if (alert.resolved_reason != ResolveReason::kNone &&
      alert.resolved_reason != ResolveReason::kRecovered) {
    annotations.emplace_back("resolved_reason", ResolveReasonName(alert.resolved_reason));
  }
  if (!rule.runbook_url.empty()) annotations.emplace_back("runbook_url", rule.runbook_url);
  annotations.emplace_back("summary", rule.notification_template.empty() ? rule.name : message);
  return annotations;
}

std::uint64_t EpisodeHash(const Alert& alert) {
  LabelsBuilder told_apart(alert.labels);
  // No label of a series has such a name.
  return LogHash(told_apart
                     .Set("\xff"
                          "episode",
                          alert.id)
                     .Build());
}

bool GoesThroughTree(const ThresholdRule& rule, config::NativeRouting routing) {
  return routing != config::NativeRouting::kChannels || rule.notification_channels.empty();
}

PostedAlert MakeNativeAlert(AlertPtr alert, const std::string& message) {
  const bool resolved = alert->state == AlertState::kResolved;
  PostedAlert made;
  made.labels = alert->labels;
  made.annotations = NativeAnnotations(*alert, message);
  made.starts_at = alert->triggered_at.value_or(alert->updated_at);
  made.ends_at =
      resolved ? alert->resolved_at.value_or(alert->updated_at) : FromUnixMillis(kNoEndMillis);
  made.updated_at = alert->updated_at;
  made.ends_by_timeout = !resolved;
  made.fingerprint = made.labels.view().Fingerprint();
  made.hash = EpisodeHash(*alert);
  made.native = std::move(alert);
  return made;
}

}  // namespace tocsin::receivers
