// What the holder of an API key may do. `read` sees everything, `push` submits metrics and alerts,
// `operate` acknowledges, resolves, silences and changes rules, `admin` does the rest: keys,
// receivers, reload, audit. Admin includes the others; each but push includes read.
//
// A plain value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

enum class Scope : std::uint8_t { kRead = 1, kPush = 2, kOperate = 4, kAdmin = 8 };

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) bits_ |= static_cast<std::uint8_t>(scope);
  }

  // Words separated by commas: "read", "push,operate", "write" (which means those two). Nothing
  // where one is no scope, or there is none.
  static std::optional<Scopes> Parse(std::string_view words);

  // Whether they allow what this scope allows, by themselves or because one includes it.
  bool Allow(Scope scope) const;
  void Add(Scopes more) { bits_ |= more.bits_; }
  bool empty() const { return bits_ == 0; }
  // As they were given, the least first: {"push", "operate"}.
  std::vector<std::string> Names() const;

  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  bool Has(Scope scope) const { return (bits_ & static_cast<std::uint8_t>(scope)) != 0; }

  std::uint8_t bits_ = 0;
};

// For messages: "read, push, operate, admin, or write for push and operate".
extern const std::string_view kScopeWords;

}  // namespace tocsin
