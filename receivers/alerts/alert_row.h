// A posted alert as a row of the state store (StateTable::kPostedAlerts). Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

// Without `native`: alerts of our own rules are no rows. Written for every alert of every post, so
// by hand and in few allocations.
std::string SerializePostedAlert(const PostedAlert& alert);
// Fails on text of another making.
Result<PostedAlert> ParsePostedAlert(std::string_view json);

}  // namespace tocsin::receivers
