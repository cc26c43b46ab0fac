#include "base/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin {
namespace {

// RE2's memory budget for one expression: far above any real matcher, far below an attack.
constexpr std::int64_t kMaxRegexMemory = 8 << 20;

// Go's regexp, the field's reference, has no \C; RE2 reads it as "any byte".
bool UsesAnyByte(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (pattern[i + 1] == 'C') return true;
    ++i;
  }
  return false;
}

std::string_view OpText(Matcher::Op op) {
  switch (op) {
    case Matcher::Op::kEqual: return "=";
    case Matcher::Op::kNotEqual: return "!=";
    case Matcher::Op::kRegex: return "=~";
    case Matcher::Op::kNotRegex: return "!~";
  }
  return "";
}

}  // namespace

Matcher::Matcher(std::string name, Op op, std::string value)
    : name_(std::move(name)), op_(op), value_(std::move(value)) {}

Matcher Matcher::Equal(std::string name, std::string value) {
  return Matcher(std::move(name), Op::kEqual, std::move(value));
}

Result<Matcher> Matcher::Make(std::string name, Op op, std::string value) {
  Matcher matcher(std::move(name), op, std::move(value));
  if (op == Op::kEqual || op == Op::kNotEqual) return matcher;
  if (UsesAnyByte(matcher.value_)) {
    return Error{fmt::format("invalid regular expression {}: \\C is not supported",
                             QuoteForMessage(matcher.value_))};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  auto regex = std::make_shared<const re2::RE2>("^(?s:" + matcher.value_ + ")$", options);
  if (!regex->ok()) {
    return Error{fmt::format("invalid regular expression {}: {}", QuoteForMessage(matcher.value_),
                             regex->error())};
  }
  matcher.regex_ = std::move(regex);
  return matcher;
}

bool Matcher::Matches(std::string_view value) const {
  switch (op_) {
    case Op::kEqual: return value == value_;
    case Op::kNotEqual: return value != value_;
    case Op::kRegex: return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
    case Op::kNotRegex:
      return !re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
  }
  return false;
}

std::string Matcher::ToString() const {
  return fmt::format("{}{}{}", name_, OpText(op_), QuoteLabelValue(value_));
}

bool MatchesAll(const std::vector<Matcher>& matchers, LabelsView labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [labels](const Matcher& m) { return m.Matches(labels); });
}

}  // namespace tocsin
