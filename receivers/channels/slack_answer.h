// What Slack's answers mean: it refuses with status 200 too.
// https://docs.slack.dev/apis/web-api/#responses
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/http_client.h"
#include "base/time.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// Webhooks answer `ok` or what is wrong, the API {"ok": false, "error": "channel_not_found"}. The
// address is a secret that no reason repeats.
std::function<VendorStep(const HttpClientResult&, Timestamp)> SlackJudge(std::string url);

// Where a message stands that chat.postMessage or chat.update has taken.
struct SlackPlace {
  std::string channel;
  std::string timestamp;
};
std::optional<SlackPlace> SlackPlaceIn(const HttpClientResponse& answer);

// Whether chat.update refuses since there is no such message (any more) that it could change.
// https://docs.slack.dev/reference/methods/chat.update#errors
bool IsGoneFromSlack(const HttpClientResponse& answer);

}  // namespace tocsin::receivers
