// The literals of the template language: numbers, characters and quoted strings, as Go writes them.
// Pure functions; the error says what is wrong, the caller adds where.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/template/value.h"

namespace tocsin::gotemplate {

// An int or a float: 12, -0x1F, 0b1_0, 0o17, 1_000, 1.5e3, 0x1p-2.
Result<Value> ParseNumber(std::string_view text);
// With the quotes around it: 'a', '\n', '\u00e9'. The number of the character.
Result<Value> ParseCharacter(std::string_view text);
// With the quotes around it, "..." or `...`.
Result<std::string> Unquote(std::string_view text);

}  // namespace tocsin::gotemplate
