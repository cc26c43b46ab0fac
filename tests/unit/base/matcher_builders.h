// Builds matchers for tests.
#pragma once

#include <string>
#include <utility>

#include "base/matcher.h"

namespace tocsin {

// REQUIRES: a regular expression is a good one.
inline Matcher MakeMatcher(std::string name, Matcher::Op op, std::string value) {
  return *Matcher::Make(std::move(name), op, std::move(value));
}

}  // namespace tocsin
