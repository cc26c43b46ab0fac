#include "config/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/report.h"

namespace tocsin::config {
namespace {

std::string PlaceText(const std::string& file, int line, int column) {
  if (line == 0) return file;
  return fmt::format("{}:{}:{}", file, line, column);
}

const char* LevelText(Diagnostic::Level level) {
  switch (level) {
    case Diagnostic::Level::kError:
      return "";
    case Diagnostic::Level::kWarning:
      return "warning: ";
    case Diagnostic::Level::kInfo:
      return "info: ";
  }
  return "";
}

}  // namespace

std::string Diagnostic::ToString() const {
  const std::string place = PlaceText(file, line, column);
  return fmt::format("{}{}{}{}", place, place.empty() ? "" : ": ", LevelText(level), message);
}

bool Diagnostics::has_errors() const {
  return std::any_of(list_.begin(), list_.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.level == Diagnostic::Level::kError;
  });
}

void Diagnostics::Sort() {
  std::stable_sort(list_.begin(), list_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
}

std::string FileReport::PlaceName(Mark at) const { return PlaceText(file_, at.line, at.column); }

}  // namespace tocsin::config
