// The file that --web.config.file names: TLS, users and headers of a listener, as all programs of
// the Prometheus family read it. Users and headers are supported; TLS is refused by name, for a
// daemon that ignored it would speak in clear where its owner believes otherwise.
// https://prometheus.io/docs/prometheus/latest/configuration/https/
//
// Pure functions but for the reading of the file; on whatever thread loads the configuration.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/diagnostics.h"
#include "config/files.h"

namespace tocsin::config {

struct WebFileSettings {
  std::map<std::string, Secret, std::less<>> users;          // bcrypt hashes by name; none: all may
  std::vector<std::pair<std::string, std::string>> headers;  // of every answer
};

struct LoadedWebFile {
  std::shared_ptr<const WebFileSettings> settings;  // null when there are errors
  Diagnostics diagnostics;                          // sorted by place
};

// No path is a file that asks for nothing.
LoadedWebFile LoadWebFile(const std::string& path, Files& files);
LoadedWebFile LoadWebText(const std::string& path, std::string_view text);

}  // namespace tocsin::config
