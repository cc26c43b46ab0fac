// Loads an alertmanager.yml for tests of single keys.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/alertmanager_file.h"
#include "tests/unit/config/config_world.h"

namespace tocsin::config {

struct AlertmanagerResult {
  std::shared_ptr<const AlertmanagerSettings> settings;
  std::vector<std::string> problems;
};

inline AlertmanagerResult LoadAlertmanager(std::string_view text,
                                           const AlertmanagerFileOptions& options = {},
                                           MemoryFiles files = {},
                                           const std::string& path = "alertmanager.yml") {
  const LoadedAlertmanager loaded = LoadAlertmanagerText(path, text, options, files);
  return {loaded.settings, Lines(loaded.diagnostics)};
}

// Of a text without errors; the defaults where there are some, and the test fails.
inline AlertmanagerSettings GoodAlertmanager(std::string_view text,
                                             const AlertmanagerFileOptions& options = {},
                                             MemoryFiles files = {},
                                             const std::string& path = "alertmanager.yml") {
  const AlertmanagerResult result = LoadAlertmanager(text, options, std::move(files), path);
  if (result.settings != nullptr) return *result.settings;
  for (const std::string& problem : result.problems) ADD_FAILURE() << problem;
  return {};
}

// A whole file around one item of a list of integrations.
inline std::string FileWith(const std::string& list, const std::string& item,
                            const std::string& global = "{}") {
  return "global: " + global + "\nroute: {receiver: ops}\nreceivers:\n- name: ops\n  " + list +
         ":\n  - " + item + "\n";
}

inline AlertmanagerIntegration GoodIntegration(const std::string& list, const std::string& item,
                                               const std::string& global = "{}") {
  const AlertmanagerSettings settings = GoodAlertmanager(FileWith(list, item, global));
  if (settings.receivers.empty() || settings.receivers[0].integrations.empty()) return {};
  return settings.receivers[0].integrations[0];
}

}  // namespace tocsin::config
