// Why a request must not be sent: what could split it in two, or lead it astray. Used by the
// implementation of the HttpClient, on its thread.
#pragma once

#include <string_view>

#include "base/http_client.h"
#include "base/result.h"

namespace tocsin {

Status CheckRequest(const HttpClientRequest& request);
Status CheckHeader(std::string_view name, std::string_view value);

// Whether a header of ours never holds credentials, so that any server may see it. Of all others it
// must be thought that they do.
bool IsPublicHeader(std::string_view name);

// RFC 9110, section 5.6.2.
bool IsHttpToken(std::string_view text);

}  // namespace tocsin
