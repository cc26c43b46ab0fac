// What the environment says: the variables of the alerting API's contract. Values that may be
// secret never stand in a message.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/settings.h"

namespace tocsin::config {

class Files;

// Reads one environment variable; nothing where it is not set. An argument, so that tests own it.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
Environment ProcessEnvironment();

struct EnvironmentSettings {
  std::string database_path = "alerting.db";
  std::optional<PostgresSettings> postgres;  // instead, where it is given
  std::optional<std::uint16_t> extra_metrics_port;
  std::vector<ReceiverSettings> receivers;
  std::vector<EnvironmentKey> api_keys;
  std::string probe_url;                // of another program that is asked how it is; empty: none
  std::vector<std::string> files_read;  // of the <NAME>_FILE variables
};

// A variable that is set to nothing counts as not set. <NAME>_FILE names a file that holds the
// value, as container secrets do; <NAME> itself wins.
EnvironmentSettings ReadEnvironment(const Environment& environment, Files& files,
                                    Diagnostics& diagnostics);

// $NAME and ${NAME} replaced by their values, as Prometheus does in external_labels; $$ is a dollar
// sign, and so is any other $.
struct Expansion {
  std::string text;
  std::vector<std::string> empty_variables;  // replaced by nothing
};
Expansion ExpandVariables(std::string_view text, const Environment& environment);

}  // namespace tocsin::config
