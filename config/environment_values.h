// Reads the variables of the environment, each of which may stand in a file instead: <NAME>_FILE,
// as container secrets do. Problems are reported as they are found. One thread, while settings are
// read.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/environment.h"
#include "config/files.h"

namespace tocsin::config {

class EnvironmentValues {
 public:
  EnvironmentValues(const Environment& environment, Files& files, Diagnostics& diagnostics)
      : environment_(environment), files_(files), diagnostics_(diagnostics) {}

  // A variable as it stands there; nothing where it is not set, or to nothing.
  std::optional<std::string> Raw(std::string_view name) const;
  // The value of NAME, or the content of the file that NAME_FILE names.
  std::optional<std::string> Value(const std::string& name);

  struct Named {
    std::string name;
    std::string value;
  };
  // Of several names for one thing, the first that is set. Others that say something else have no
  // effect, with a warning.
  std::optional<Named> FirstOf(std::initializer_list<const char*> names);

  void ReportError(std::string message) { Report(Diagnostic::Level::kError, std::move(message)); }
  void ReportWarning(std::string message) {
    Report(Diagnostic::Level::kWarning, std::move(message));
  }

  std::vector<std::string> files_read() const { return files_read_; }

 private:
  void Report(Diagnostic::Level level, std::string message);

  const Environment& environment_;
  Files& files_;
  Diagnostics& diagnostics_;
  std::vector<std::string> files_read_;
};

}  // namespace tocsin::config
