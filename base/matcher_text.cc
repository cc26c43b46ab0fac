#include "base/matcher_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/go_quote.h"
#include "base/labels.h"
#include "base/matcher_dialects.h"
#include "base/text.h"

namespace tocsin {
namespace {

// What the text of `matchers` would be without braces.
std::string Join(const std::vector<Matcher>& matchers) {
  std::string out;
  for (const Matcher& matcher : matchers) {
    if (!out.empty()) out.push_back(',');
    out += FormatMatcher(matcher);
  }
  return out;
}

std::string DisagreementWarning(std::string_view text, const std::vector<Matcher>& classic,
                                const std::vector<Matcher>& utf8) {
  return fmt::format(
      "matchers {} have a disagreement: they are read in the classic way as {}, and not in the "
      "UTF-8 "
      "way as {}; write {} to keep their meaning",
      text, Join(classic), Join(utf8), Join(classic));
}

std::string ClassicWarning(std::string_view text, const std::vector<Matcher>& classic,
                           const std::string& fault) {
  return fmt::format(
      "matchers {} are no UTF-8 matchers ({}) and are read in the classic way; write {} instead",
      text, fault, Join(classic));
}

using Parsed = Result<std::vector<Matcher>>;

Result<ParsedMatchers> Plain(Parsed parsed) {
  if (!parsed) return parsed.error();
  return ParsedMatchers{*std::move(parsed), {}};
}

// The table of the dialects: classic wins wherever it can read the text at all.
Result<ParsedMatchers> Fallback(std::string_view text, Parsed classic, Parsed utf8) {
  if (!classic) return Plain(utf8.ok() ? std::move(utf8) : std::move(classic));
  if (utf8.ok() && *utf8 == *classic) return Plain(std::move(classic));
  std::string warning = utf8.ok() ? DisagreementWarning(text, *classic, *utf8)
                                  : ClassicWarning(text, *classic, utf8.message());
  return ParsedMatchers{*std::move(classic), {std::move(warning)}};
}

Parsed SingleClassic(std::string_view text) {
  Result<Matcher> matcher = ParseClassicMatcher(text);
  if (!matcher) return matcher.error();
  return std::vector<Matcher>{*std::move(matcher)};
}

Parsed SingleUtf8(std::string_view text) {
  Parsed matchers = ParseUtf8Matchers(text);
  if (!matchers || matchers->size() == 1) return matchers;
  if (matchers->empty()) return Error{"no matchers"};
  return Error{fmt::format("expected 1 matcher, found {}", matchers->size())};
}

bool NeedsQuotes(std::string_view name) {
  if (name.empty()) return true;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t n = Utf8Length(name, at);
    if (n == 0 || IsReservedInMatcher(Utf8CharAt(name, at))) return true;
    at += n;
  }
  return false;
}

}  // namespace

Result<ParsedMatchers> ParseMatcherList(std::string_view text, MatcherDialect dialect) {
  if (dialect == MatcherDialect::kClassic) return Plain(ParseClassicMatchers(text));
  if (dialect == MatcherDialect::kUtf8) return Plain(ParseUtf8Matchers(text));
  return Fallback(text, ParseClassicMatchers(text), ParseUtf8Matchers(text));
}

Result<ParsedMatchers> ParseSingleMatcher(std::string_view text, MatcherDialect dialect) {
  if (dialect == MatcherDialect::kClassic) return Plain(SingleClassic(text));
  if (text.substr(0, 1) == "{" || (!text.empty() && text.back() == '}')) {
    return Error{fmt::format("unexpected open or close brace: {}",
                             IsValidUtf8(text) ? std::string(text) : QuoteForMessage(text))};
  }
  if (dialect == MatcherDialect::kUtf8) return Plain(SingleUtf8(text));
  return Fallback(text, SingleClassic(text), SingleUtf8(text));
}

std::string FormatMatcher(const Matcher& matcher) {
  const std::string_view op = MatcherOpText(matcher.op());
  if (NeedsQuotes(matcher.name())) {
    return fmt::format("{}{}{}", GoQuote(matcher.name()), op, GoQuote(matcher.value()));
  }
  return fmt::format("{}{}{}", matcher.name(), op, QuoteLabelValue(matcher.value()));
}

std::string FormatMatchers(std::vector<Matcher> matchers) {
  SortMatchers(&matchers);
  return fmt::format("{{{}}}", Join(matchers));
}

void SortMatchers(std::vector<Matcher>* matchers) {
  const auto key = [](const Matcher& m) { return std::tie(m.name(), m.value()); };
  std::stable_sort(matchers->begin(), matchers->end(), [key](const Matcher& a, const Matcher& b) {
    return key(a) != key(b) ? key(a) < key(b) : a.op() < b.op();
  });
}

bool IsValidLabelName(std::string_view name, MatcherDialect dialect) {
  if (dialect == MatcherDialect::kClassic) return IsLegacyLabelName(name);
  return !name.empty() && IsValidUtf8(name);
}

}  // namespace tocsin
