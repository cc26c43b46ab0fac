// libpq, loaded when PostgreSQL is asked for: a daemon with another database spends no memory on it
// (some 1.5 MiB), and starts where it is not installed. libpqxx finds its functions in
// postgres_library.cc, each of which calls the one that was loaded.
#pragma once

#include "base/result.h"

namespace tocsin::evaluator {

// REQUIRED before anything of libpqxx. Fails where the library is not installed or lacks a
// function; says what to install. Any thread.
Status LoadLibpq();

}  // namespace tocsin::evaluator
