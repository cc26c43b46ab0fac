// `picture: true`: a channel whose messages are about alerts that are drawn first.
#pragma once

#include "config/settings.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

// The channel itself where its settings do not ask for pictures, or nobody draws any.
BuiltChannel WithPicture(BuiltChannel built, const config::ChannelSettings& settings,
                         const ChannelContext& context);

}  // namespace tocsin::receivers
