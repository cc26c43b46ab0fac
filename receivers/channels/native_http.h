// A channel of tocsin.yml that is reached by HTTP: a function makes the request, all the rest is
// the same for every vendor.
#pragma once

#include <functional>

#include "base/result.h"
#include "config/settings.h"
#include "receivers/channels/channel.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// Called by the dispatcher's thread. A failure is final for that message.
using PrepareNative = std::function<Result<VendorCall>(const Notification& notification)>;

// Fails on an http_config that cannot be worked with.
Result<BuiltChannel> MakeNativeHttp(const config::ChannelSettings& settings,
                                    const ChannelContext& context, PrepareNative prepare);

}  // namespace tocsin::receivers
