// --web.config.file: the file in which Prometheus's programs are told of TLS, users and headers of
// their listener. Nothing of it is supported yet; a daemon that ignored it would stand open where
// its owner believes it closed.
// https://prometheus.io/docs/prometheus/latest/configuration/https/
#pragma once

#include <string>

#include "base/result.h"

namespace tocsin::daemon {

// Good where no file is named or it asks for nothing; names what it asks for otherwise.
Status CheckWebConfigFile(const std::string& file);

}  // namespace tocsin::daemon
