// Loads a configuration text for tests of single keys.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loader.h"
#include "tests/unit/config/config_world.h"

namespace tocsin::config {

struct LoadResult {
  std::shared_ptr<const Settings> settings;
  std::vector<std::string> problems;
};

inline LoadResult LoadText(std::string_view text,
                           const Environment& environment = EmptyEnvironment(),
                           MemoryFiles files = {}, const std::string& file = "tocsin.yml") {
  const Loaded loaded = LoadConfigurationText(file, text, environment, files);
  return {loaded.settings, Lines(loaded.diagnostics)};
}

// Of a text without problems; the defaults where there are some, and the test fails.
inline Settings GoodSettings(std::string_view text,
                             const Environment& environment = EmptyEnvironment(),
                             MemoryFiles files = {}) {
  const LoadResult result = LoadText(text, environment, std::move(files));
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
  return result.settings == nullptr ? Settings() : *result.settings;
}

}  // namespace tocsin::config
