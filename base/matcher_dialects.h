// The two grammars behind base/matcher_text.h, each alone. Internal to it. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/matcher.h"
#include "base/result.h"

namespace tocsin {

// Before 0.27; see base/matcher_classic.cc.
Result<std::vector<Matcher>> ParseClassicMatchers(std::string_view text);
Result<Matcher> ParseClassicMatcher(std::string_view text);

// Since 0.27; see base/matcher_utf8.cc.
Result<std::vector<Matcher>> ParseUtf8Matchers(std::string_view text);
// Whether a name that holds this character must stand in quotes: white space and {}!=~,\"'`
bool IsReservedInMatcher(char32_t c);

}  // namespace tocsin
