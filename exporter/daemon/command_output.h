// What sub-commands say to people, on standard error.
#pragma once

#include <string>

#include "config/diagnostics.h"

namespace tocsin::daemon {

// One line a finding: file:line:col: message.
void PrintDiagnostics(const config::Diagnostics& diagnostics);

// Says it and gives the exit status of a command that failed.
int FailWith(const std::string& message);

// Names are texts of people: nothing in them may move the cursor.
std::string PlainText(const std::string& text);

// Who has changed something by a command: "command line (root)".
std::string CommandLineActor();

}  // namespace tocsin::daemon
