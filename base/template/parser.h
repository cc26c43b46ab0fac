// Reads one template file: its own text becomes the definition that bears the file's name, each
// define and block in it another one.
//
// A pure function. The error is the first one met, with file, line and column, what was found and
// what was expected there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/template/node.h"
#include "base/template/source.h"

namespace tocsin::gotemplate {

// Blocks, definitions and parentheses inside one another.
inline constexpr int kMaxNesting = 200;

// `functions` must outlive the definitions: they point into it. The file's own text may use
// `variables`, names with their $, as if it had declared them; definitions in it may not.
Result<Definitions> ParseTemplate(const std::shared_ptr<const Source>& source,
                                  const FunctionMap& functions,
                                  const std::vector<std::string>& variables = {});

}  // namespace tocsin::gotemplate
