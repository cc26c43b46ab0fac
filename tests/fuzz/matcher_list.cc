// Alertmanager's matchers: what any dialect accepts is written in a form that every dialect which
// can read it reads as the same matchers.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/go_quote.h"
#include "base/matcher_text.h"

namespace tocsin {
namespace {

void CheckList(std::string_view text, MatcherDialect dialect) {
  Result<ParsedMatchers> parsed = ParseMatcherList(text, dialect);
  if (!parsed) return;
  SortMatchers(&parsed->matchers);
  const std::string written = FormatMatchers(parsed->matchers);
  const Result<ParsedMatchers> again = ParseMatcherList(written, dialect);
  CHECK(again.ok());
  CHECK(again->matchers == parsed->matchers);
  CHECK(FormatMatchers(again->matchers) == written);
}

void CheckSingle(std::string_view text, MatcherDialect dialect) {
  const Result<ParsedMatchers> parsed = ParseSingleMatcher(text, dialect);
  if (!parsed) return;
  CHECK(parsed->matchers.size() == 1);
  const Result<ParsedMatchers> again =
      ParseSingleMatcher(FormatMatcher(parsed->matchers[0]), dialect);
  CHECK(again.ok());
  CHECK(again->matchers == parsed->matchers);
}

}  // namespace
}  // namespace tocsin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::MatcherDialect;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const MatcherDialect dialect :
       {MatcherDialect::kClassic, MatcherDialect::kUtf8, MatcherDialect::kFallback}) {
    tocsin::CheckList(text, dialect);
    tocsin::CheckSingle(text, dialect);
  }
  if (const std::optional<std::string> plain = tocsin::GoUnquote(text)) {
    CHECK(tocsin::GoUnquote(tocsin::GoQuote(*plain)) == plain);
  }
  return 0;
}
