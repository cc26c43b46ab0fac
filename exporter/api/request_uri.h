// Whether a text is a URI as Alertmanager's schema means it: an absolute address or an absolute
// path, as Go's url.ParseRequestURI takes them. Blanks, quotes and the like may stand in the path
// and the query, as senders do not always escape them. Pure function, any thread.
// https://pkg.go.dev/net/url#ParseRequestURI
#pragma once

#include <string_view>

namespace tocsin::api {

bool IsRequestUri(std::string_view text);

}  // namespace tocsin::api
