// Where and why a text is no JSON, in the words of Python's json module, which clients of the
// alerting API know. Slow and exact, for answers to texts that the fast reader has refused.
// https://docs.python.org/3/library/json.html#json.JSONDecodeError
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::intake {

// Containers within containers: deeper texts are refused. Whoever reads or writes JSON does so
// recursively, with some 400 bytes of stack a level, and the server library gives a worker 100 KiB.
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonSyntaxError {
  std::string reason;    // "Expecting value"
  std::size_t pos = 0;   // in characters, from 0
  std::size_t line = 1;  // from 1
  std::size_t column = 1;

  // Expecting value: line 1 column 1 (char 0)
  std::string ToString() const;
};

// Empty for JSON. The bare words NaN, Infinity and -Infinity pass for numbers, as in Python: what
// to think of them is for whoever wants the number.
std::optional<JsonSyntaxError> FindJsonSyntaxError(std::string_view text);

// A number as JSON writes it; all of the text.
bool IsJsonNumber(std::string_view text);

}  // namespace tocsin::intake
