// The channels that tocsin.receivers may have, beside `webhook` and `console`: a table of keys for
// each, checked like the settings of alertmanager.yml. Constants and pure functions.
#pragma once

#include <span>
#include <string_view>

#include "config/checked_keys.h"
#include "config/report.h"
#include "config/settings.h"

namespace tocsin::config {

struct NativeChannelType {
  std::string_view name;  // "slack"
  KeyTable keys;          // but for send_resolved, timeout, http_config and tls_config
  bool has_http = true;   // takes http_config; else tls_config
};

std::span<const NativeChannelType> NativeChannelTypes();

// The settings of one channel, complete.
ChannelSettings DecodeNativeChannel(const YamlNode& node, const NativeChannelType& type,
                                    FileReport& report);

// `http_config`, of whatever is reached by HTTP. Redirects are never followed.
void ReadNativeHttp(MapDecoder& map, ChannelSettings* channel);

// The same of values that stand in the environment. REQUIRES: there is such a type.
ChannelSettings MakeNativeChannel(std::string_view type);

}  // namespace tocsin::config
