// ParseMatcher: what it accepts it writes in a form that it reads back as the same matcher.
#include "base/matcher.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tocsin::Result<tocsin::Matcher> matcher = tocsin::ParseMatcher(text);
  if (!matcher) return 0;
  const tocsin::Result<tocsin::Matcher> again = tocsin::ParseMatcher(matcher->ToString());
  CHECK(again.ok());
  CHECK(*again == *matcher);
  return 0;
}
