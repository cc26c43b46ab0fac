// The constant that tests of numbers and of charts share.
#pragma once

#include <limits>

namespace tocsin {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace tocsin
