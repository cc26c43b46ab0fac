// Alertmanager's first grammar of matchers.
//
// A list is cut at the commas outside of double quotes, after one brace at either end has been
// taken off, whether or not they belong together. Each part is NAME OP VALUE with blanks anywhere
// between: the name is [a-zA-Z_:][a-zA-Z0-9_:]*, the value everything that follows. A value may
// stand in double quotes, and only there does it hold none that is not escaped; \" \n and \\ are
// escapes, any other backslash is itself. An empty value needs no quotes.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/labels.h"
#include "base/matcher_dialects.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kBlanks = " \t\n\f\r";  // \s of Go's regular expressions

std::string_view TrimBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  bool quoted = false;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' && !quoted) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
    if (text[i] == '"' && !escaped) quoted = !quoted;
    // A comma leaves it alone, as in Alertmanager: in "x\," the last quote counts as escaped.
    if (text[i] != ',') escaped = text[i] == '\\' && !escaped;
  }
  const std::string_view last = TrimBlanks(text.substr(begin));
  if (!last.empty()) parts.push_back(last);
  return parts;
}

Error UnescapedQuote(std::string_view raw) {
  return Error{fmt::format("matcher value contains unescaped double quote: {}", raw)};
}

std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '\\' || (next != 'n' && next != '"' && next != '\\')) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(next == 'n' ? '\n' : next);
    ++i;
  }
  return out;
}

// The first double quote that no backslash escapes; npos where there is none.
std::size_t FindQuote(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

Result<std::string> ReadValue(std::string_view raw) {
  if (!IsValidUtf8(raw)) {
    return Error{fmt::format("matcher value not valid UTF-8: {}", QuoteForMessage(raw))};
  }
  std::string_view value = raw;
  if (value.substr(0, 1) == "\"") {
    value.remove_prefix(1);
    if (value.empty() || FindQuote(value) != value.size() - 1) return UnescapedQuote(raw);
    value.remove_suffix(1);
  } else if (FindQuote(value) != std::string_view::npos) {
    return UnescapedQuote(raw);
  }
  return Unescape(value);
}

}  // namespace

Result<Matcher> ParseClassicMatcher(std::string_view text) {
  const auto fault = [text] {
    return Error{fmt::format("bad matcher format: {}",
                             IsValidUtf8(text) ? std::string(text) : QuoteForMessage(text))};
  };
  std::string_view rest = TrimBlanks(text);
  const std::size_t op_at = rest.find_first_of("=!");
  if (op_at == std::string_view::npos) return fault();
  const std::string_view name = TrimBlanks(rest.substr(0, op_at));
  rest.remove_prefix(op_at);
  const std::optional<Matcher::Op> op = TakeMatcherOp(&rest);
  if (!op || !IsLegacyMetricName(name)) return fault();  // colons are allowed, as in metric names
  Result<std::string> value = ReadValue(TrimBlanks(rest));
  if (!value) return value.error();
  return Matcher::Make(std::string(name), *op, *std::move(value), Matcher::Dot::kAnyButNewline);
}

Result<std::vector<Matcher>> ParseClassicMatchers(std::string_view text) {
  if (text.substr(0, 1) == "{") text.remove_prefix(1);
  if (!text.empty() && text.back() == '}') text.remove_suffix(1);
  std::vector<Matcher> matchers;
  for (const std::string_view part : SplitAtCommas(text)) {
    Result<Matcher> matcher = ParseClassicMatcher(part);
    if (!matcher) return matcher.error();
    matchers.push_back(*std::move(matcher));
  }
  return matchers;
}

}  // namespace tocsin
