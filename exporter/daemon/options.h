// What the command line says.
#pragma once

#include <string>

#include "base/log.h"

namespace tocsin::daemon {

struct Options {
  std::string config_file = "tocsin.yml";
  bool expand_env = false;  // ${NAME} in the alertmanager.yml that it names
  std::string storage_path = "data/";
  std::string listen_address = "127.0.0.1:9095";
  std::string web_config_file = {};  // none: no users
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

}  // namespace tocsin::daemon
