// Character references of HTML. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::gotemplate {

// Numeric ones, and the named ones that matter to the languages inside attributes; others stay.
std::string DecodeEntities(std::string_view text);

}  // namespace tocsin::gotemplate
