// Reads matchers that tests write as users do.
#pragma once

#include <string_view>
#include <vector>

#include "base/matcher_text.h"

namespace tocsin::receivers {

// REQUIRES: they are sound.
inline std::vector<Matcher> Matchers(std::string_view text) {
  return ParseMatcherList(text, MatcherDialect::kFallback)->matchers;
}

}  // namespace tocsin::receivers
