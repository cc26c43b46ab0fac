// JSON strings, for answers that are written by hand. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::http {

// The text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that the
// answer is valid JSON whatever a client sent.
void AppendJsonString(std::string_view text, std::string* out);
std::string JsonString(std::string_view text);

}  // namespace tocsin::http
