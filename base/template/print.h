// Print, Println and Printf of Go for template values: verbs, flags, widths, argument indexes, and
// what Go writes for a verb that does not fit.
//
// Pure functions. Output beyond `max_bytes` is an error, and is not made first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

// A blank between two operands of which neither is a text.
Result<std::string> Print(const Value* first, std::size_t count, std::size_t max_bytes);
// A blank between all of them, and a line feed.
Result<std::string> PrintLine(const Value* first, std::size_t count, std::size_t max_bytes);
Result<std::string> PrintFormatted(std::string_view format, const Value* first, std::size_t count,
                                   std::size_t max_bytes);

// As an action shows a single value: nil is "<no value>".
Result<std::string> PrintValue(const Value& value, std::size_t max_bytes);

}  // namespace tocsin::gotemplate
