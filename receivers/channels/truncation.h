// Cutting texts to what a vendor takes, the way its limit counts. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::receivers {

// At most `limit` characters (Unicode scalar values), of which the last one is "…" where something
// was cut off. Up to a limit of 3 there is no room for it.
std::string TruncateRunes(std::string_view text, std::size_t limit);
// At most `limit` bytes, without splitting a character; the last three are "…" where something was
// cut off.
std::string TruncateBytes(std::string_view text, std::size_t limit);

}  // namespace tocsin::receivers
