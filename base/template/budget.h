// What one execution of a template may cost. A template is written by whoever may write the
// configuration, and is run with data from outside; neither may stop the daemon.
//
// Owned by one execution, used on its thread. Errors say which limit was reached.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace tocsin::gotemplate {

struct Limits {
  // One per statement, operand and iteration; functions pay for the bytes they read, too.
  std::int64_t steps = 2'000'000;
  // What is written in the end.
  std::size_t output_bytes = std::size_t{8} << 20U;
  // What functions make, in sum, whether it is still held or not.
  std::size_t value_bytes = std::size_t{32} << 20U;
  // Templates called by templates and blocks inside one another, counted together.
  int depth = 500;
};

class Budget {
 public:
  explicit Budget(const Limits& limits)
      : limits_(limits), steps_left_(limits.steps), bytes_left_(limits.value_bytes) {}

  const Limits& limits() const { return limits_; }
  std::size_t bytes_left() const { return bytes_left_; }

  Status Spend(std::int64_t steps) {
    if (steps > steps_left_) {
      return Error{
          fmt::format("more than {} steps; the template does not seem to end", limits_.steps)};
    }
    steps_left_ -= steps;
    return {};
  }

  // To be asked before the bytes are made.
  Status Allocate(std::size_t bytes) {
    if (bytes > bytes_left_) {
      return Error{fmt::format("values of more than {} bytes in sum", limits_.value_bytes)};
    }
    bytes_left_ -= bytes;
    return {};
  }

 private:
  const Limits limits_;
  std::int64_t steps_left_;
  std::size_t bytes_left_;
};

}  // namespace tocsin::gotemplate
