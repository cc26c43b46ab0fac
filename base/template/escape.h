// The escapers that templates may call by name. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::gotemplate {

// < > & " ' as entities; NUL as U+FFFD.
std::string EscapeHtmlText(std::string_view text);
// For the inside of a JavaScript string.
std::string EscapeJsText(std::string_view text);
// For a value in a URL's query; a blank becomes a plus sign.
std::string EscapeUrlQuery(std::string_view text);

}  // namespace tocsin::gotemplate
