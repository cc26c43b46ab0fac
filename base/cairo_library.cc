#include "base/cairo_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

namespace tocsin {
namespace {

constexpr const char* kFile = "libcairo.so.2";

// What the loader says is about files; what helps is the package.
Error CannotLoad() {
  const char* const why = dlerror();
  return Error{fmt::format("cannot load {} ({}): apt install libcairo2", kFile,
                           why == nullptr ? "no reason given" : why)};
}

}  // namespace

void CairoLibrary::Close::operator()(void* handle) const { dlclose(handle); }

Result<CairoLibrary> CairoLibrary::Load() {
  CairoLibrary cairo;
  // Stays in the process once it is there: the font libraries behind it keep state of their own.
  cairo.handle_.reset(dlopen(kFile, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE));
  if (cairo.handle_ == nullptr) return CannotLoad();
#define TOCSIN_CAIRO(name)                                                                     \
  cairo.name =                                                                                 \
      reinterpret_cast<decltype(&::cairo_##name)>(dlsym(cairo.handle_.get(), "cairo_" #name)); \
  if (cairo.name == nullptr) return CannotLoad();
#include "base/cairo_functions.h"
#undef TOCSIN_CAIRO
  return cairo;
}

}  // namespace tocsin
