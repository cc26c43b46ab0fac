// UUIDs, lower case with dashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// Version 4, from the kernel's random source. Any thread.
std::string RandomUuid();

// The same name gives the same UUID (version 8, RFC 9562: the bits are ours). For things that have
// a name but need an id, such as the rules of a file.
std::string UuidFromName(std::string_view name);

// A number and a time in milliseconds as a UUID (version 8), and back; nothing where the text is
// none that was made so. The time is cut to 48 bits.
std::string UuidOf(std::uint64_t number, std::int64_t millis);
struct NumberedUuid {
  std::uint64_t number = 0;
  std::int64_t millis = 0;
};
std::optional<NumberedUuid> ParseNumberedUuid(std::string_view text);

}  // namespace tocsin
