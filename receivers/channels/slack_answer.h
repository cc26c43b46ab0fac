// What Slack's answers mean: it refuses with status 200 too.
// https://docs.slack.dev/apis/web-api/#responses
#pragma once

#include "base/http_client.h"
#include "base/time.h"
#include "receivers/channels/vendor.h"

namespace tocsin::receivers {

// Webhooks answer `ok` or what is wrong, the API {"ok": false, "error": "channel_not_found"}.
VendorStep SlackAnswer(const HttpClientResult& result, Timestamp now);

}  // namespace tocsin::receivers
