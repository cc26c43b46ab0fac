// What the parsers of procfs_*.cc share.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace tocsin::host {

inline Error UnexpectedLine(std::size_t number, std::string_view line, std::string_view expected) {
  return Error{
      fmt::format("line {}: expected {}, found {}", number, expected, QuoteForMessage(line))};
}

}  // namespace tocsin::host
