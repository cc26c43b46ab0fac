#include "base/scopes.h"

#include <utility>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::pair<Scope, std::string_view> kScopeNames[] = {{Scope::kRead, "read"},
                                                              {Scope::kPush, "push"},
                                                              {Scope::kOperate, "operate"},
                                                              {Scope::kAdmin, "admin"}};

std::optional<Scopes> ParseWord(std::string_view word) {
  if (word == "write") return Scopes{Scope::kPush, Scope::kOperate};
  for (const auto& [scope, name] : kScopeNames) {
    if (word == name) return Scopes{scope};
  }
  return std::nullopt;
}

}  // namespace

const std::string_view kScopeWords = "read, push, operate, admin, or write for push and operate";

std::optional<Scopes> Scopes::Parse(std::string_view words) {
  Scopes scopes;
  for (const std::string_view word : Split(words, ',')) {
    const std::optional<Scopes> one = ParseWord(TrimSpace(word));
    if (!one) return std::nullopt;
    scopes.Add(*one);
  }
  return scopes;
}

bool Scopes::Allow(Scope scope) const {
  return Has(scope) || Has(Scope::kAdmin) || (scope == Scope::kRead && Has(Scope::kOperate));
}

std::vector<std::string> Scopes::Names() const {
  std::vector<std::string> names;
  for (const auto& [scope, name] : kScopeNames) {
    if (Has(scope)) names.emplace_back(name);
  }
  return names;
}

}  // namespace tocsin
