#include "exporter/daemon/command_output.h"

#include <fmt/format.h>

#include <cstdio>

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

}  // namespace tocsin::daemon
