// Counting texts the way a vendor's limit counts, and cutting them to it. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::receivers {

// In characters (Unicode scalar values), in units of UTF-16, in bytes of UTF-8. A byte that is not
// UTF-8 counts as U+FFFD: that is what becomes of it in JSON.
std::size_t RunesIn(std::string_view text);
std::size_t Utf16UnitsIn(std::string_view text);
std::size_t Utf8BytesIn(std::string_view text);

// At most `limit` characters (Unicode scalar values), of which the last one is "…" where something
// was cut off. Up to a limit of 3 there is no room for it.
std::string TruncateRunes(std::string_view text, std::size_t limit);
// At most `limit` bytes, without splitting a character; the last three are "…" where something was
// cut off.
std::string TruncateBytes(std::string_view text, std::size_t limit);

// As much of the text, cut as TruncateRunes cuts it, as takes no more than `limit` once it is
// escaped. Cut before: no escape is cut in two.
std::string EscapeToFit(std::string_view text, std::size_t limit,
                        std::size_t (*length)(std::string_view text),
                        std::string (*escape)(std::string_view text));

}  // namespace tocsin::receivers
