// CHECK(condition): ends the process when an invariant of ours is broken. Never for bad input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tocsin {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace tocsin

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) ::tocsin::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
