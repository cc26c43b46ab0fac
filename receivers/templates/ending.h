// Why an alert is over, in words that a person understands: that data stopped or that somebody
// deleted the rule is no recovery. Nothing escaped; names and notes of people are as they wrote
// them. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/alert.h"

namespace tocsin::receivers {

// "recovered", "no data", "rule deleted", "resolved by hand", ...; "" for none.
std::string_view ReasonWords(ResolveReason reason);

// With what is known about it: "no data since 10:01 UTC", "resolved by anna (restarted)".
std::string EndingWords(const Alert& alert);

// Of one that is over although its value has not recovered, a sentence: "No data since 10:01 UTC;
// last value 91.0." Empty for all others.
std::string EndingSentence(const Alert& alert);

// `message`, below that sentence where there is one.
std::string WithEnding(const Alert& alert, const std::string& message);

}  // namespace tocsin::receivers
