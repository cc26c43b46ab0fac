// JSON strings, for texts that are written by hand. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

// The text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that what
// comes out is valid JSON whatever a client sent.
void AppendJsonString(std::string_view text, std::string* out);
std::string JsonString(std::string_view text);

// Whether the text stands in a JSON string as it is.
bool IsPlainJsonText(std::string_view text);

// The same as Go's encoder writes it: <, >, & and the line separators U+2028 and U+2029 escaped, so
// that the text may stand in a page. https://pkg.go.dev/encoding/json#Marshal
void AppendHtmlSafeJsonString(std::string_view text, std::string* out);

}  // namespace tocsin
