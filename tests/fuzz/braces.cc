// Any bytes as a template in braces: parsed and rendered, and as a text whose braces are escaped.
#include "base/template/braces.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"

namespace {

using tocsin::BracesTemplate;

void CheckParsed(const BracesTemplate& parsed) {
  for (std::string_view word : parsed.Placeholders()) {
    CHECK(!word.empty() && word.find_first_of("{}") == std::string_view::npos);
  }
  const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
  const BracesTemplate::Rendered unknown = parsed.Render(nothing);
  CHECK(unknown.unknown_placeholders == parsed.Placeholders().size());

  // Values are never read as templates.
  const auto braces = [](std::string_view) { return std::optional<std::string>("{value}{{"); };
  const BracesTemplate::Rendered known = parsed.Render(braces);
  CHECK(known.unknown_placeholders == 0);

  const auto number = [](std::string_view) { return std::optional<std::string>("-1.7e308"); };
  CHECK(parsed.Render(number).unknown_placeholders == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tocsin::Result<BracesTemplate> parsed = BracesTemplate::Parse(text);
  if (parsed) {
    CheckParsed(*parsed);
  } else {
    CHECK(parsed.message().find('\n') == std::string::npos);
  }

  std::string escaped;
  for (char c : text) {
    escaped += c;
    if (c == '{' || c == '}') escaped += c;
  }
  const tocsin::Result<BracesTemplate> literal = BracesTemplate::Parse(escaped);
  CHECK(literal.ok() && literal->Placeholders().empty());
  CHECK(literal->Render([](std::string_view) { return std::nullopt; }).text == text);
  return 0;
}
