// Base64 with the URL-safe alphabet and padding (RFC 4648, section 5). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::gotemplate {

std::string EncodeBase64Url(std::string_view bytes);
// Line ends are passed over, as in Go. Empty for what is no base64.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace tocsin::gotemplate
