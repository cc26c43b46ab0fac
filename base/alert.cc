#include "base/alert.h"

#include <fmt/format.h>

#include <array>

#include "base/json_library.h"
#include "base/json_row.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/rule_json.h"
#include "base/text.h"

namespace tocsin {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;  // of the serialized form

constexpr std::array<std::pair<AlertState, std::string_view>, 5> kStates = {
    {{AlertState::kInactive, "inactive"},
     {AlertState::kPending, "pending"},
     {AlertState::kFiring, "active"},
     {AlertState::kAcknowledged, "acknowledged"},
     {AlertState::kResolved, "resolved"}}};

constexpr std::array<std::pair<ResolveReason, std::string_view>, 8> kReasons = {
    {{ResolveReason::kNone, ""},
     {ResolveReason::kRecovered, "recovered"},
     {ResolveReason::kManual, "manual"},
     {ResolveReason::kRuleDeleted, "rule_deleted"},
     {ResolveReason::kRuleDisabled, "rule_disabled"},
     {ResolveReason::kRuleChanged, "rule_changed"},
     {ResolveReason::kStale, "stale"},
     {ResolveReason::kExpired, "expired"}}};

std::optional<Timestamp> TimeFromJson(const json& j) {
  if (j.is_null()) return std::nullopt;
  return FromUnixMillis(j.get<std::int64_t>());
}

Labels LabelsFromJson(const json& j) {
  LabelsBuilder builder;
  for (const auto& [name, value] : j.items()) builder.Set(name, value.get<std::string>());
  return builder.Build();
}

Alert AlertFromJson(const json& j) {
  if (j.at("v").get<int>() != kVersion) throw json::other_error::create(501, "unknown version", &j);
  Alert alert;
  alert.id = j.at("id").get<std::string>();
  alert.fingerprint = KnownOrThrow(ParseHex64(j.at("fingerprint").get<std::string>()), j);
  alert.state = KnownOrThrow(ParseAlertState(j.at("state").get<std::string>()), j);
  alert.rule = std::make_shared<const ThresholdRule>(RuleFromJson(j.at("rule")));
  alert.labels = LabelsFromJson(j.at("labels"));
  alert.metadata = LabelsFromJson(j.at("metadata"));
  alert.value = ValueFromJson(j.at("value"));
  alert.last_value_at = FromUnixMillis(j.at("last_value_at").get<std::int64_t>());
  alert.pending_since = FromUnixMillis(j.at("pending_since").get<std::int64_t>());
  alert.triggered_at = TimeFromJson(j.at("triggered_at"));
  alert.acknowledged_at = TimeFromJson(j.at("acknowledged_at"));
  // Rows of earlier versions lack this and the next.
  alert.acknowledged_until = TimeFromJson(j.value("acknowledged_until", json()));
  alert.acknowledgement_survives =
      Duration(j.value("acknowledgement_survives_ms", std::int64_t{0}));
  alert.resolved_at = TimeFromJson(j.at("resolved_at"));
  alert.updated_at = FromUnixMillis(j.at("updated_at").get<std::int64_t>());
  alert.acknowledged_by = j.at("acknowledged_by").get<std::string>();
  alert.acknowledge_note = j.at("acknowledge_note").get<std::string>();
  alert.resolved_by = j.at("resolved_by").get<std::string>();
  alert.resolve_note = j.at("resolve_note").get<std::string>();
  alert.resolved_reason =
      KnownOrThrow(ParseResolveReason(j.at("resolved_reason").get<std::string>()), j);
  return alert;
}

}  // namespace

std::string_view AlertStateName(AlertState state) {
  return kStates.at(static_cast<std::size_t>(state)).second;
}

std::optional<AlertState> ParseAlertState(std::string_view word) {
  for (const auto& [state, name] : kStates) {
    if (word == name) return state;
  }
  return std::nullopt;
}

std::string_view ResolveReasonName(ResolveReason reason) {
  return kReasons.at(static_cast<std::size_t>(reason)).second;
}

std::optional<ResolveReason> ParseResolveReason(std::string_view word) {
  for (const auto& [reason, name] : kReasons) {
    if (word == name) return reason;
  }
  return std::nullopt;
}

std::string Alert::fingerprint_text() const { return FormatHex64(fingerprint); }

std::string SerializeAlert(const Alert& alert) {
  JsonRow row(1024);
  row.Number("v", kVersion)
      .Text("id", alert.id)
      .Text("fingerprint", alert.fingerprint_text())
      .Text("state", AlertStateName(alert.state))
      .Json("rule", RuleToJson(*alert.rule))
      .LabelMap("labels", alert.labels)
      .LabelMap("metadata", alert.metadata)
      .Text("value", ValueToText(alert.value))
      .Time("last_value_at", alert.last_value_at)
      .Time("pending_since", alert.pending_since)
      .TimeOrNull("triggered_at", alert.triggered_at)
      .TimeOrNull("acknowledged_at", alert.acknowledged_at)
      .TimeOrNull("acknowledged_until", alert.acknowledged_until)
      .Number("acknowledgement_survives_ms", alert.acknowledgement_survives.count())
      .TimeOrNull("resolved_at", alert.resolved_at)
      .Time("updated_at", alert.updated_at)
      .Text("acknowledged_by", alert.acknowledged_by)
      .Text("acknowledge_note", alert.acknowledge_note)
      .Text("resolved_by", alert.resolved_by)
      .Text("resolve_note", alert.resolve_note)
      .Text("resolved_reason", ResolveReasonName(alert.resolved_reason));
  return row.Finish();
}

Result<Alert> ParseAlert(std::string_view text) {
  try {
    return AlertFromJson(ParseJsonOrThrow(text));
  } catch (const json::exception& e) {
    return Error{fmt::format("cannot read a stored alert: {}", e.what())};
  }
}

}  // namespace tocsin
