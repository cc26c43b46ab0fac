// What of a request may be a secret, and how it is kept out of what is said about its answer: some
// servers repeat what they were asked. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"

namespace tocsin::receivers {

// Credentials in its headers, and whatever in its address may be a key. The longest first.
std::vector<std::string> SecretsIn(const HttpClientRequest& request);

// What stands in the place of each afterwards.
inline constexpr std::string_view kStruckOut = "<secret>";
void StrikeOut(const std::vector<std::string>& secrets, std::string* text);

}  // namespace tocsin::receivers
