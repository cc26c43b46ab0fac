// libcairo, loaded when a picture is to be drawn: the program starts where it is not installed, and
// spends no memory on it before the first picture.
//
// Whoever draws owns one; one thread at a time calls its functions. The only way to cairo: what is
// typed by its header is called through this table.
// https://www.cairographics.org/manual/
#pragma once

#include <cairo/cairo.h>

#include <memory>

#include "base/result.h"

namespace tocsin {

class CairoLibrary {
 public:
  // Fails where the library is not installed or lacks a function; says what to install.
  static Result<CairoLibrary> Load();

// NOLINTNEXTLINE(bugprone-macro-parentheses): it is declared.
#define TOCSIN_CAIRO(name) decltype(&::cairo_##name) name = nullptr;
#include "base/cairo_functions.h"
#undef TOCSIN_CAIRO

 private:
  struct Close {
    void operator()(void* handle) const;
  };
  CairoLibrary() = default;

  std::unique_ptr<void, Close> handle_;
};

}  // namespace tocsin
