#include "base/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>

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

// The operators, longer ones first: `=~` begins as `=` does.
constexpr std::pair<std::string_view, Matcher::Op> kOps[] = {{"=~", Matcher::Op::kRegex},
                                                             {"!~", Matcher::Op::kNotRegex},
                                                             {"!=", Matcher::Op::kNotEqual},
                                                             {"=", Matcher::Op::kEqual}};

// "a\"b" without its quotes; nothing where it is not one whole quoted text.
std::optional<std::string> Unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    switch (text[i]) {
      case 'n':
        out.push_back('\n');
        break;
      case '"':
      case '\\':
        out.push_back(text[i]);
        break;
      default:
        return std::nullopt;
    }
  }
  return out;
}

Error MatcherFault(std::string_view text, std::size_t at, std::string_view what) {
  return Error{fmt::format("matcher {}: {} at byte {}", QuoteForMessage(text), what, at + 1)};
}

}  // namespace

Matcher::Matcher(std::string name, Op op, std::string value)
    : name_(std::move(name)), op_(op), value_(std::move(value)) {}

Matcher Matcher::Equal(std::string name, std::string value) {
  return Matcher(std::move(name), Op::kEqual, std::move(value));
}

Result<Matcher> Matcher::Make(std::string name, Op op, std::string value, Dot dot) {
  Matcher matcher(std::move(name), op, std::move(value));
  if (op == Op::kEqual || op == Op::kNotEqual) return matcher;
  if (UsesAnyByte(matcher.value_)) {
    return Error{fmt::format("invalid regular expression {}: \\C is not supported",
                             QuoteForMessage(matcher.value_))};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  const std::string_view open = dot == Dot::kAnyCharacter ? "^(?s:" : "^(?:";
  auto regex =
      std::make_shared<const re2::RE2>(fmt::format("{}{})$", open, matcher.value_), options);
  if (!regex->ok()) {
    return Error{fmt::format("invalid regular expression {}: {}", QuoteForMessage(matcher.value_),
                             regex->error())};
  }
  matcher.regex_ = std::move(regex);
  return matcher;
}

bool Matcher::Matches(std::string_view value) const {
  switch (op_) {
    case Op::kEqual:
      return value == value_;
    case Op::kNotEqual:
      return value != value_;
    case Op::kRegex:
      return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
    case Op::kNotRegex:
      return !re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
  }
  return false;
}

std::string Matcher::ToString() const {
  return fmt::format("{}{}{}", name_, MatcherOpText(op_), QuoteLabelValue(value_));
}

std::string_view MatcherOpText(Matcher::Op op) {
  switch (op) {
    case Matcher::Op::kEqual:
      return "=";
    case Matcher::Op::kNotEqual:
      return "!=";
    case Matcher::Op::kRegex:
      return "=~";
    case Matcher::Op::kNotRegex:
      return "!~";
  }
  return "";
}

std::optional<Matcher::Op> TakeMatcherOp(std::string_view* text) {
  for (const auto& [symbol, op] : kOps) {
    if (text->substr(0, symbol.size()) != symbol) continue;
    text->remove_prefix(symbol.size());
    return op;
  }
  return std::nullopt;
}

Result<Matcher> ParseMatcher(std::string_view text) {
  const std::size_t op_at = std::min(text.find_first_of("=!~"), text.size());
  const std::string_view name = TrimSpace(text.substr(0, op_at));
  if (!IsLegacyLabelName(name)) return MatcherFault(text, 0, "a label name is expected");
  std::string_view rest = text.substr(op_at);
  const std::optional<Matcher::Op> op = TakeMatcherOp(&rest);
  if (!op) return MatcherFault(text, op_at, "one of = != =~ !~ is expected");
  const std::size_t value_at = text.size() - rest.size();
  const std::string_view value = TrimSpace(rest);
  if (value.substr(0, 1) == "\"") {
    std::optional<std::string> unquoted = Unquote(value);
    if (!unquoted) {
      return MatcherFault(text, value_at,
                          "one text in double quotes, escapes \\\\, \\\" and \\n, is expected");
    }
    return Matcher::Make(std::string(name), *op, *std::move(unquoted));
  }
  if (value.empty() || value.find_first_of("\"'`,{} \t\n") != std::string_view::npos) {
    return MatcherFault(text, value_at, "a value is expected, in double quotes");
  }
  return Matcher::Make(std::string(name), *op, std::string(value));
}

bool MatchesAll(const std::vector<Matcher>& matchers, LabelsView labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [labels](const Matcher& m) { return m.Matches(labels); });
}

}  // namespace tocsin
