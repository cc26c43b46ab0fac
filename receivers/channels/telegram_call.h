// A message to the Bot API of Telegram, and what its answers mean. Shared by the receivers of both
// configuration files. A pure function.
// https://core.telegram.org/bots/api#making-requests
#pragma once

#include <string>
#include <string_view>

#include "base/json_value.h"
#include "base/result.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// The bot's token stands in the path of the address; no reason repeats it. Fails on a token that no
// address can hold.
Result<VendorCall> TelegramCall(std::string_view api_url, const std::string& token,
                                const JsonValue& message);

}  // namespace tocsin::receivers
