// Template values as JSON, with < > & escaped so that the text may stand in HTML.
// A pure function. Text beyond `max_bytes` is an error.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

// NaN, infinities and functions have no JSON.
Result<std::string> ToJson(const Value& value, std::size_t max_bytes);

}  // namespace tocsin::gotemplate
