#include "exporter/daemon/version.h"

#include <fmt/format.h>

#include "exporter/daemon/state_database.h"

#ifndef TOCSIN_VERSION
#error "the build names the version"
#endif

namespace tocsin::daemon {

std::string_view Version() { return TOCSIN_VERSION; }

std::string_view Compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string VersionText() {
  return fmt::format("tocsin, version {}\n  compiler: {}\n  databases: {}\n", Version(), Compiler(),
                     DatabaseKinds());
}

}  // namespace tocsin::daemon
