// Alertmanager's matchers as text: a="1" or {a="1",b=~"2"}, in its two dialects and in the fallback
// between them. Pure functions, any thread; input is bounded by whoever read it, nothing recurses.
//
// The classic dialect (pkg/labels) is one regular expression a matcher: names [a-zA-Z_:][...]*,
// values that may lack their quotes or be empty. The UTF-8 dialect (0.27) is a proper grammar: any
// name, in double quotes where it holds a reserved character. Fallback, the default, reads both
// ways and takes the classic meaning where they differ, with a warning.
// https://prometheus.io/docs/alerting/latest/configuration/#label-matchers
//
// base/matcher.h's ParseMatcher is the narrower form of native rules and PromQL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/go_quote.h"  // IWYU pragma: export
#include "base/matcher.h"
#include "base/result.h"

namespace tocsin {

enum class MatcherDialect : std::uint8_t { kFallback, kClassic, kUtf8 };

struct ParsedMatchers {
  std::vector<Matcher> matchers;      // in the text's order, duplicates kept
  std::vector<std::string> warnings;  // for the log: whole sentences, without the place
};

// A list or a single matcher, with or without braces: an item of `matchers`, an argument of a
// silence. May be empty: {} gives no matcher. Messages are Alertmanager's ("bad matcher format:
// x").
Result<ParsedMatchers> ParseMatcherList(std::string_view text, MatcherDialect dialect);

// Exactly one matcher without braces: the API's `filter`. On success `matchers` holds one.
Result<ParsedMatchers> ParseSingleMatcher(std::string_view text, MatcherDialect dialect);

// name OP "value" without blanks; where the name holds a reserved character, both in Go's quotes.
// Every dialect but the classic one reads it back.
std::string FormatMatcher(const Matcher& matcher);
// Sorted: {a="1",b=~"2"}; {} where there is none.
std::string FormatMatchers(std::vector<Matcher> matchers);
// By name, then value, then operator in the order = != =~ !~.
void SortMatchers(std::vector<Matcher>* matchers);

// Classic: [a-zA-Z_][a-zA-Z0-9_]*; otherwise any UTF-8 that is not empty.
bool IsValidLabelName(std::string_view name, MatcherDialect dialect);

}  // namespace tocsin
