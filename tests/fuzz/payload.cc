// Any bytes as the payload of a webhook whose templates become what they are: whatever YAML can
// say, what comes out is one line of valid UTF-8.
#include "receivers/templates/payload.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "config/diagnostics.h"

namespace {

using tocsin::Result;
using tocsin::config::YamlNode;

std::optional<YamlNode> Read(std::string_view text) {
  tocsin::config::Diagnostics ignored;
  tocsin::config::FileReport report("payload", ignored);
  std::optional<YamlNode> node = tocsin::config::ParseYaml(text, report);
  if (report.errors() > 0) node.reset();
  return node;
}

Result<std::string> Same(const std::string& text) { return text; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::optional<YamlNode> node =
      Read(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!node) return 0;
  const Result<std::string> body = tocsin::receivers::RenderPayload(*node, Same);
  if (!body) return 0;
  CHECK(!body->empty() && body->back() == '\n' && tocsin::IsValidUtf8(*body));
  CHECK(body->find('\n') == body->size() - 1);
  return 0;
}
