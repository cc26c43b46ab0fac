// A channel of tocsin.yml that is told groups: how alerts that senders have posted reach receivers
// of the daemon's own, as if a rule of the same name had raised them.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// `index` tells the receiver's integrations apart.
Result<GroupIntegrationPtr> MakeNativeIntegration(const std::string& receiver, std::size_t index,
                                                  const config::ChannelSettings& settings,
                                                  const ChannelContext& context);

}  // namespace tocsin::receivers
