// Addresses below the one that stands in the settings. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::receivers {

// The path behind that of the URL, with one slash between them; a query stays at the end.
// `path` does not begin with a slash.
std::string JoinUrlPath(std::string_view url, std::string_view path);

// What stands behind the host, which is the secret of many webhooks; empty where nothing does.
std::string PathOf(std::string_view url);

// One more parameter of the query. `value` is escaped here, `name` has nothing to escape.
std::string AddUrlParameter(std::string_view url, std::string_view name, std::string_view value);

}  // namespace tocsin::receivers
