// A full disk: while this lives, no file of the process may grow beyond what it has.
#pragma once

#include <sys/resource.h>

#include <csignal>

#include "base/check.h"

namespace tocsin::testing {

class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit small = before_;
    small.rlim_cur = 1024;
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  ~FullDisk() { CHECK(setrlimit(RLIMIT_FSIZE, &before_) == 0); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace tocsin::testing
