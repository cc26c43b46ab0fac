#include "base/template/node.h"

#include <algorithm>
#include <utility>

namespace tocsin::gotemplate {

bool Definition::IsEmpty() const {
  return std::all_of(body.begin(), body.end(), [](const Statement& statement) {
    return statement.kind == Statement::Kind::kText &&
           statement.text.find_first_not_of(" \t\r\n") == std::string::npos;
  });
}

void Define(const std::string& name, std::shared_ptr<const Definition> definition,
            Definitions* definitions) {
  const auto found = definitions->find(name);
  if (found == definitions->end()) {
    definitions->emplace(name, std::move(definition));
  } else if (!definition->IsEmpty()) {
    found->second = std::move(definition);
  }
}

}  // namespace tocsin::gotemplate
