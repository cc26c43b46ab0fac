#include "evaluator/persist/postgres_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/check.h"

namespace tocsin::evaluator {
namespace {

constexpr const char* kLibpq = "libpq.so.5";

// Constant once it is loaded.
struct Libpq {
// NOLINTNEXTLINE(bugprone-macro-parentheses): it is declared.
#define TOCSIN_LIBPQ(result, name, parameters, arguments) decltype(&::name) name = nullptr;
#include "evaluator/persist/postgres_library_functions.h"
#undef TOCSIN_LIBPQ
};

// What the loader says is about files; what helps is the package.
Error CannotLoadLibpq() {
  const char* const why = dlerror();
  return Error{fmt::format("cannot load {} ({}): apt install libpq5", kLibpq,
                           why == nullptr ? "no reason given" : why)};
}

Result<Libpq> LoadFunctions() {
  // Stays in the process: the libraries behind it keep state of their own.
  void* const handle = dlopen(kLibpq, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return CannotLoadLibpq();
  Libpq libpq;
#define TOCSIN_LIBPQ(result, name, parameters, arguments)                 \
  libpq.name = reinterpret_cast<decltype(&::name)>(dlsym(handle, #name)); \
  if (libpq.name == nullptr) return CannotLoadLibpq();
#include "evaluator/persist/postgres_library_functions.h"
#undef TOCSIN_LIBPQ
  return libpq;
}

const Result<Libpq>& Loaded() {
  static const Result<Libpq> kLoaded = LoadFunctions();
  return kLoaded;
}

}  // namespace

Status LoadLibpq() { return Loaded().ok() ? Status() : Status(Error{Loaded().message()}); }

}  // namespace tocsin::evaluator

// In the place of libpq's own. Hidden, so that libpq does not find them instead of its own.
// NOLINTBEGIN(readability-identifier-naming, misc-definitions-in-headers, bugprone-*): as libpq has
// them
extern "C" {
#define TOCSIN_LIBPQ(result, name, parameters, arguments)        \
  __attribute__((visibility("hidden"))) result name parameters { \
    return tocsin::evaluator::Loaded().value().name arguments;   \
  }
#include "evaluator/persist/postgres_library_functions.h"
#undef TOCSIN_LIBPQ
}
// NOLINTEND(readability-identifier-naming, misc-definitions-in-headers, bugprone-*)
