// A threshold rule as JSON, for rows of the state store. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/threshold_rule.h"

namespace tocsin {

std::string RuleToJson(const ThresholdRule& rule);
// Throws nlohmann::json::exception on JSON of another making.
ThresholdRule RuleFromJson(const nlohmann::json& json);

// Values travel as bits, in hexadecimal: JSON has neither NaN nor infinities.
std::string ValueToText(double value);
// Throws nlohmann::json::exception.
double ValueFromJson(const nlohmann::json& json);

}  // namespace tocsin
