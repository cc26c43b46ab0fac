// Where an execution writes to: plain text, or HTML that escapes what is printed into it.
// Owned by one execution.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

class Output {
 public:
  virtual ~Output() = default;
  // Text of the template itself.
  virtual Status Literal(std::string_view text) = 0;
  // The value of an action. `last_function` is what its pipeline ended with, if that was one.
  virtual Status Print(const Value& value, std::string_view last_function) = 0;
  // Gives the text away. REQUIRES: nothing is written afterwards.
  virtual Result<std::string> Finish() = 0;
};

class TextOutput final : public Output {
 public:
  explicit TextOutput(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  Status Literal(std::string_view text) override;
  Status Print(const Value& value, std::string_view last_function) override;
  Result<std::string> Finish() override { return std::move(out_); }

 private:
  const std::size_t max_bytes_;
  std::string out_;
};

}  // namespace tocsin::gotemplate
