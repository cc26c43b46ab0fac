// A receiver as POST and PUT /receivers say it: an entry of tocsin.receivers in JSON. It is read by
// the code that reads tocsin.yml (config/receivers.h), so that both take the same and complain of
// the same; each complaint gets its place in the body. Pure functions.
//
// Secrets are never shown: "<secret>" stands for them, and where it is sent back, it means what was
// there before. Files are not read for anybody who asks over HTTP.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "exporter/api/alerting_json.h"

namespace tocsin::api {

struct ReceiverBody {
  config::ReceiverSettings settings;  // from_api; without the general settings of a configuration
  nlohmann::json text;                // what was sent, secrets and all: to be kept, never shown
  std::vector<std::string> warnings;
};

inline constexpr std::size_t kLongestReceiverName = 255;  // bytes

// `before` is what "<secret>" is taken from; null: nothing. Nothing where there are faults.
std::optional<ReceiverBody> ReadReceiverBody(nlohmann::json body, const nlohmann::json* before,
                                             Json* faults);

// What depends on the configuration in force: addresses that must not be reached, proxies that are
// not trusted, groupings that do not fit.
void CheckReceiver(const config::ReceiverSettings& receiver, const config::Settings& in_force,
                   Json* faults);

// The name of a receiver made over the API: 1 to 255 characters, none of them a control character.
void CheckReceiverName(const nlohmann::json& body, Json* faults);

// A map of YAML whose scalars are what they look like without quotes.
Json JsonOfYaml(const config::YamlNode& node);

}  // namespace tocsin::api
