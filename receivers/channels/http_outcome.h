// What the end of an HTTP exchange means for a delivery. Shared by every channel that speaks HTTP:
// 2xx delivered; network errors, timeouts, 408, 429 and 5xx are tried again; all else is given up.
// The reason has what the server says to it: secrets must have been struck out of that.
#pragma once

#include <optional>
#include <string_view>

#include "base/http_client.h"
#include "base/time.h"
#include "receivers/channels/channel.h"

namespace tocsin::receivers {

Outcome HttpOutcome(const HttpClientResult& result, Timestamp now);

// Retry-After: seconds, or a date such as "Wed, 21 Oct 2015 07:28:00 GMT". Never negative; empty
// for anything else. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
std::optional<Duration> ParseRetryAfter(std::string_view text, Timestamp now);

}  // namespace tocsin::receivers
