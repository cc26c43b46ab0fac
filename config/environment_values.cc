#include "config/environment_values.h"

#include <fmt/format.h>

#include <utility>

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxValueBytes = 64 << 10;

}  // namespace

void EnvironmentValues::Report(Diagnostic::Level level, std::string message) {
  diagnostics_.Add({level, "", 0, 0, std::move(message)});
}

std::optional<std::string> EnvironmentValues::Raw(std::string_view name) const {
  std::optional<std::string> value = environment_(name);
  return value && value->empty() ? std::nullopt : value;
}

std::optional<std::string> EnvironmentValues::Value(const std::string& name) {
  std::optional<std::string> value = Raw(name);
  const std::optional<std::string> path = Raw(name + "_FILE");
  if (value && path) {
    ReportWarning(fmt::format("{0} and {0}_FILE are both set; {0} is used", name));
  }
  if (value || !path) return value;
  Result<std::string> content = files_.Read(*path, kMaxValueBytes);
  if (!content) {
    ReportError(fmt::format("{}_FILE: cannot read {}: {}", name, *path, content.message()));
    return std::nullopt;
  }
  files_read_.push_back(*path);
  while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) {
    content->pop_back();
  }
  if (content->empty()) {
    ReportError(fmt::format("{}_FILE: the file {} is empty", name, *path));
    return std::nullopt;
  }
  return *std::move(content);
}

std::optional<EnvironmentValues::Named> EnvironmentValues::FirstOf(
    std::initializer_list<const char*> names) {
  std::optional<Named> first;
  for (const char* name : names) {
    std::optional<std::string> value = Value(name);
    if (!value) continue;
    if (!first) {
      first = Named{name, *std::move(value)};
    } else if (*value != first->value) {
      ReportWarning(fmt::format("{} and {} say different things; {} is used", first->name, name,
                                first->name));
    }
  }
  return first;
}

}  // namespace tocsin::config
