// For tests of the configuration that read real files.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "config/files.h"

namespace tocsin::config {

// Makes the folders above it, too.
inline void WriteFile(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(FolderOf(path));
  std::ofstream(path, std::ios::binary) << text;
}

// Of a test whose parameter is a file: "a" of "good/a.yml".
inline std::string FileTestName(const ::testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

}  // namespace tocsin::config
