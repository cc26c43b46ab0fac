#include "exporter/daemon/web_config_file.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/files.h"
#include "config/yaml.h"

namespace tocsin::daemon {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

std::string_view Advice(std::string_view key) {
  if (key == "tls_server_config") return "let a proxy in front speak TLS";
  if (key == "basic_auth_users") return "let a proxy in front ask for passwords";
  if (key == "http_server_config") return "let a proxy in front set the headers";
  return "it is no key of such a file";
}

}  // namespace

Status CheckWebConfigFile(const std::string& file) {
  if (file.empty()) return {};
  config::DiskFiles files;
  const Result<std::string> text = files.Read(file, kMaxFileBytes);
  if (!text) return Error{fmt::format("{} cannot be read: {}", file, text.message())};
  config::Diagnostics diagnostics;
  config::FileReport report(file, diagnostics);
  const std::optional<config::YamlNode> root = config::ParseYaml(*text, report);
  if (!root || diagnostics.has_errors()) {
    return Error{diagnostics.list().empty() ? file + " is no YAML"
                                            : diagnostics.list().front().ToString()};
  }
  std::vector<std::string> problems;
  for (const config::YamlEntry& entry : root->entries) {
    problems.push_back(fmt::format("{}: {} is not supported: {}", report.PlaceName(entry.mark),
                                   entry.key, Advice(entry.key)));
  }
  if (problems.empty()) return {};
  return Error{fmt::format("{}", fmt::join(problems, "; "))};
}

}  // namespace tocsin::daemon
