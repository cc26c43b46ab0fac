// Label matchers: name = "v", != "v", =~ "regex", !~ "regex". Regular expressions are RE2's,
// anchored at both ends. The dot matches a newline, as in Prometheus 3, unless asked otherwise: in
// Alertmanager it does not. An absent label is empty.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

namespace re2 {
class RE2;
}

namespace tocsin {

class Matcher {
 public:
  enum class Op { kEqual, kNotEqual, kRegex, kNotRegex };

  // What the dot of a regular expression stands for.
  enum class Dot : std::uint8_t { kAnyCharacter, kAnyButNewline };

  // Fails only for a regular expression that does not compile.
  static Result<Matcher> Make(std::string name, Op op, std::string value,
                              Dot dot = Dot::kAnyCharacter);
  // Cannot fail.
  static Matcher Equal(std::string name, std::string value);

  bool Matches(std::string_view value) const;
  bool Matches(LabelsView labels) const { return Matches(labels.Get(name_)); }

  const std::string& name() const { return name_; }
  Op op() const { return op_; }
  const std::string& value() const { return value_; }
  std::string ToString() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.op_ == b.op_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  Matcher(std::string name, Op op, std::string value);

  std::string name_;
  Op op_;
  std::string value_;
  std::shared_ptr<const re2::RE2> regex_;  // compiled once, shared by copies
};

// One matcher as PromQL and Alertmanager write it: mountpoint!="", queue =~ "a|b", host = web-1. A
// value without quotes ends with the text and holds no quote, comma, brace or blank. The message of
// a failure says what is wrong and names the byte (from 1).
Result<Matcher> ParseMatcher(std::string_view text);

// "=", "!=", "=~" or "!~".
std::string_view MatcherOpText(Matcher::Op op);
// Takes the operator that the text begins with off its front; nothing where there is none.
std::optional<Matcher::Op> TakeMatcherOp(std::string_view* text);

bool MatchesAll(const std::vector<Matcher>& matchers, LabelsView labels);

}  // namespace tocsin
