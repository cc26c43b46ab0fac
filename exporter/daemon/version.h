// Which Tocsin this is.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::daemon {

// "0.1.0"
std::string_view Version();
// "g++ 12.2.0"
std::string_view Compiler();
// For --version: which one, and what it was built with.
std::string VersionText();

}  // namespace tocsin::daemon
