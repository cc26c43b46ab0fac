// The disk of a configuration that names no other file.
#pragma once

#include <string>
#include <vector>

#include "config/files.h"

namespace tocsin::api {

class NoFiles final : public config::Files {
 public:
  Result<std::string> Read(const std::string& /*path*/, std::size_t /*max*/) override {
    return Error{"No such file or directory"};
  }
  std::vector<std::string> Match(const std::string& /*folder*/,
                                 const std::string& /*pattern*/) override {
    return {};
  }
};

}  // namespace tocsin::api
