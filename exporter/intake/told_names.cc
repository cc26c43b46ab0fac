#include "exporter/intake/told_names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tocsin::intake {

std::uint64_t ToldNames::MarkOf(std::string_view name, Timestamp now) {
  const auto hour = std::chrono::floor<std::chrono::hours>(now.time_since_epoch()).count();
  return XXH3_64bits_withSeed(name.data(), name.size(), static_cast<std::uint64_t>(hour)) | 1U;
}

}  // namespace tocsin::intake
