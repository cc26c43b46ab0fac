// What Slack's answers mean: it refuses with status 200 too.
// https://docs.slack.dev/apis/web-api/#responses
#pragma once

#include <functional>
#include <string>

#include "base/http_client.h"
#include "base/time.h"
#include "receivers/channels/vendor_call.h"

namespace tocsin::receivers {

// Webhooks answer `ok` or what is wrong, the API {"ok": false, "error": "channel_not_found"}. The
// address is a secret that no reason repeats.
std::function<VendorStep(const HttpClientResult&, Timestamp)> SlackJudge(std::string url);

}  // namespace tocsin::receivers
