// Rules of the API as a file of rules.d. Pure functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/threshold_rule.h"
#include "config/receivers.h"

namespace tocsin::api {

// What is read back is the same rules, but for what a file cannot say, which comments tell: of two
// rules with one name the second is numbered, and channels are left out that `of_files`, the names
// that a file's rules may use, does not know.
std::string RulesAsFile(const std::vector<std::shared_ptr<const ThresholdRule>>& rules,
                        const config::ReceiverNames& of_files);

}  // namespace tocsin::api
