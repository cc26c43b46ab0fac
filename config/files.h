// The files a configuration is read from: an interface, so that tests and fuzzers need no disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::config {

class Files {
 public:
  virtual ~Files() = default;

  // The whole content. Fails with the system's reason, or because it is larger than max_bytes.
  virtual Result<std::string> Read(const std::string& path, std::size_t max_bytes) = 0;

  // The paths that match a glob(7) pattern, sorted, each as the pattern spells its folder. A
  // relative pattern starts at `folder`, whose own name is taken literally.
  virtual std::vector<std::string> Match(const std::string& folder, const std::string& pattern) = 0;
};

class DiskFiles final : public Files {
 public:
  Result<std::string> Read(const std::string& path, std::size_t max_bytes) override;
  std::vector<std::string> Match(const std::string& folder, const std::string& pattern) override;
};

// The same text as a glob(7) pattern that matches nothing else.
std::string EscapeForGlob(std::string_view text);

// What stands before the last slash: "/etc" of /etc/tocsin.yml, "/" of /tocsin.yml, else empty.
std::string FolderOf(const std::string& path);

// folder/path, or path alone where it is absolute or folder is empty.
std::string JoinPath(const std::string& folder, const std::string& path);

}  // namespace tocsin::config
