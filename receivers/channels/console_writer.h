// Text onto a file descriptor with a deadline, for the console channel.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::receivers {

// Writes all of it, or says why not: a terminal on hold or a pipe that nobody reads fails when the
// time is over, with part of the text possibly written. One thread at a time.
Status WriteToDescriptor(int fd, std::string_view text, Duration timeout);

}  // namespace tocsin::receivers
