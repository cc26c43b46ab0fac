// UUIDs, lower case with dashes.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

// Version 4, from the kernel's random source. Any thread.
std::string RandomUuid();

// The same name gives the same UUID (version 8, RFC 9562: the bits are ours). For things that have
// a name but need an id, such as the rules of a file.
std::string UuidFromName(std::string_view name);

}  // namespace tocsin
