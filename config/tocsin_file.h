// Our own keys, which all stand under `tocsin:`.
#pragma once

#include <vector>

#include "config/decode.h"
#include "config/settings.h"

namespace tocsin::config {

// Names that can be checked only when the environment's receivers are known too.
struct DefaultReceivers {
  bool given = false;
  std::vector<PlacedText> names;
};

// Fills `settings`, its receivers with those of the file only.
DefaultReceivers DecodeTocsinKeys(MapDecoder& top, Settings* settings);

}  // namespace tocsin::config
