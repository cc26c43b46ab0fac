// A message to the API of Rocket.Chat, and what its answers mean. Shared by the receivers of both
// configuration files. A pure function.
// https://developer.rocket.chat/apidocs/post-message
#pragma once

#include <string>
#include <string_view>

#include "base/json_value.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// Who sends. No reason repeats either of the two.
struct RocketchatSender {
  std::string token;
  std::string id;
};

// Says so in the request's headers.
void SendAs(const RocketchatSender& sender, HttpClientRequest* request);

VendorCall RocketchatCall(std::string_view api_url, const RocketchatSender& sender,
                          const JsonValue& message);

}  // namespace tocsin::receivers
