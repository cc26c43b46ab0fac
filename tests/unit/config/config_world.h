// What tests of the configuration load from: files in memory and an environment of their own.
#pragma once

#include <fmt/format.h>
#include <fnmatch.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "config/environment.h"
#include "config/files.h"
#include "config/report.h"

namespace tocsin::config {

class MemoryFiles final : public Files {
 public:
  void Add(const std::string& path, std::string text) { files_[path] = std::move(text); }

  Result<std::string> Read(const std::string& path, std::size_t max_bytes) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return Error{"No such file or directory"};
    if (found->second.size() > max_bytes) {
      return Error{fmt::format("the file is larger than {} bytes", max_bytes)};
    }
    return found->second;
  }

  std::vector<std::string> Match(const std::string& folder, const std::string& pattern) override {
    const std::string whole = JoinPath(EscapeForGlob(folder), pattern);
    std::vector<std::string> paths;
    for (const auto& [path, text] : files_) {
      if (fnmatch(whole.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) {
        paths.push_back(path);
      }
    }
    return paths;
  }

 private:
  std::map<std::string, std::string> files_;
};

inline MemoryFiles FilesOf(const std::map<std::string, std::string>& texts) {
  MemoryFiles files;
  for (const auto& [path, text] : texts) files.Add(path, text);
  return files;
}

// REQUIRES: names and values outlive the environment, as literals do.
inline Environment MakeEnvironment(std::map<std::string_view, std::string_view> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return std::string(found->second);
  };
}

inline Environment EmptyEnvironment() { return MakeEnvironment({}); }

inline std::vector<std::string> Lines(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics.list()) lines.push_back(diagnostic.ToString());
  return lines;
}

}  // namespace tocsin::config
