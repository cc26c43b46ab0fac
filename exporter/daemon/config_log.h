// Findings in the configuration, in the log and as one text.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "config/diagnostics.h"

namespace tocsin::daemon {

// One line a finding, errors as errors.
void LogDiagnostics(const config::Diagnostics& diagnostics, const Logger& log);
// The errors: file:line:col: message.
std::vector<std::string> ErrorTexts(const config::Diagnostics& diagnostics);

}  // namespace tocsin::daemon
