// The text format of families, for expectations.
#pragma once

#include <string>
#include <vector>

#include "exporter/exposition/arrange.h"
#include "exporter/exposition/writer.h"

namespace tocsin::exposition {

inline std::string TextOf(std::vector<Family> families) {
  Arrange(&families);
  std::string out;
  WriteText(families, &out);
  return out;
}

}  // namespace tocsin::exposition
