// Secrets of a channel's settings, which stand there or in a file. Pure but for reading files; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/checked_keys.h"

namespace tocsin::receivers {

// A secret under `key`, or what stands in the file that `<key>_file` names, read for each message.
Result<std::string> SecretOf(const config::CheckedKeys& keys, std::string_view key);
// That, as an address that requests can be sent to.
Result<std::string> SecretUrlOf(const config::CheckedKeys& keys, std::string_view key);

}  // namespace tocsin::receivers
