// HMAC with SHA-256. https://www.rfc-editor.org/rfc/rfc2104. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::receivers {

std::string HmacSha256(std::string_view key, std::string_view text);  // 32 bytes
// 64 lower-case hexadecimal digits of it.
std::string HmacSha256Hex(std::string_view key, std::string_view text);

}  // namespace tocsin::receivers
