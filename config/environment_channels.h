// The channels that the environment configures, each a receiver named after it: what the alerting
// API's contract promises. https://12factor.net/config
#pragma once

#include <vector>

#include "config/environment_values.h"
#include "config/settings.h"

namespace tocsin::config {

std::vector<ReceiverSettings> ReadEnvironmentChannels(EnvironmentValues& values);

}  // namespace tocsin::config
