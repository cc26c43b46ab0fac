// A channel of tocsin.yml that is told groups. Alerts that senders have posted look as if a rule of
// the same name had raised them.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "receivers/channels/channel.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// Its channels, in order. Fails on settings that a channel cannot work with.
Result<std::vector<GroupIntegrationPtr>> MakeNativeIntegrations(
    const config::ReceiverSettings& receiver, const ChannelContext& context);

// As messages of groups. The settings tell whether another one's failures say something about it.
std::unique_ptr<GroupChannel> MakeNativeGroupChannel(BuiltChannel built,
                                                     config::ChannelSettings settings);

}  // namespace tocsin::receivers
