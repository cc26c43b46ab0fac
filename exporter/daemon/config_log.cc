#include "exporter/daemon/config_log.h"

namespace tocsin::daemon {

using config::Diagnostic;

void LogDiagnostics(const config::Diagnostics& diagnostics, const Logger& log) {
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    switch (diagnostic.level) {
      case Diagnostic::Level::kError:
        log.Error(diagnostic.ToString());
        break;
      case Diagnostic::Level::kWarning:
        log.Warn(diagnostic.ToString());
        break;
      case Diagnostic::Level::kInfo:
        log.Info(diagnostic.ToString());
        break;
    }
  }
}

std::vector<std::string> ErrorTexts(const config::Diagnostics& diagnostics) {
  std::vector<std::string> texts;
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    if (diagnostic.level == Diagnostic::Level::kError) texts.push_back(diagnostic.ToString());
  }
  return texts;
}

}  // namespace tocsin::daemon
