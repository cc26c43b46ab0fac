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

// What the file refers to and does not hold.
struct TocsinReferences {
  DefaultReceivers default_receivers;
  PlacedText alertmanager_file;               // as written; empty: none
  std::vector<PlacedText> limited_receivers;  // the keys of Settings::alertmanager_limits
};

// Fills `settings`, its receivers with those of the file only.
TocsinReferences DecodeTocsinKeys(MapDecoder& top, Settings* settings);

}  // namespace tocsin::config
