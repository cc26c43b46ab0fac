#include "exporter/daemon/command_output.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"

namespace tocsin::daemon {

void PrintDiagnostics(const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& diagnostic : diagnostics.list()) {
    fmt::print(stderr, "{}\n", diagnostic.ToString());
  }
}

int FailWith(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return 1;
}

std::string PlainText(const std::string& text) {
  const std::string quoted = QuoteForMessage(text, text.size());
  return quoted.substr(1, quoted.size() - 2);
}

std::string CommandLineActor() {
  const passwd* user = getpwuid(geteuid());
  return fmt::format("command line ({})",
                     user == nullptr ? std::to_string(geteuid()) : std::string(user->pw_name));
}

}  // namespace tocsin::daemon
