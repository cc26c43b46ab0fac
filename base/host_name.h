// The name of this machine. Any thread.
#pragma once

#include <string>

namespace tocsin {

// As the kernel has it; "localhost" where it has none.
std::string HostName();

}  // namespace tocsin
