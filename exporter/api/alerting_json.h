// Rules and alerts in the alerting API's JSON shapes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/alert.h"
#include "base/threshold_rule.h"
#include "receivers/announcement.h"

namespace tocsin::api {

using Json = nlohmann::ordered_json;

// Invalid UTF-8 becomes U+FFFD: an answer is always well-formed.
std::string Dump(const Json& json);

Json RuleJson(const ThresholdRule& rule, Timestamp loaded_at);
Json AlertJson(const Alert& alert, const std::optional<receivers::AnnouncementView>& announced);
// The states an episode has gone through, oldest first: when, and of a person's doing, who and why.
Json EventsJson(const Alert& alert);

}  // namespace tocsin::api
