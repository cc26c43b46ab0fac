// As what a process opens the state database.
#pragma once

#include <cstdint>

namespace tocsin::evaluator {

enum class StoreRole : std::uint8_t {
  kDaemon,  // the only one of its kind
  kBeside,  // a command beside it: records no events
};

}  // namespace tocsin::evaluator
