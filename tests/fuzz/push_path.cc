// Any bytes as the path of a push, split and decoded as the router does it.
#include "exporter/intake/push_path.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tocsin::intake::GroupingKey;
  std::vector<std::string> parts;
  for (std::string_view part : tocsin::Split({reinterpret_cast<const char*>(data), size}, '/')) {
    const std::optional<std::string> decoded = tocsin::PercentDecode(part);
    if (!decoded || !tocsin::IsValidUtf8(*decoded)) return 0;
    parts.push_back(*decoded);
  }
  const tocsin::Result<GroupingKey> key = tocsin::intake::ParseGroupingKey(parts);
  if (!key) {
    CHECK(!key.message().empty() && key.message().find('\n') == std::string::npos);
    return 0;
  }
  CHECK(key->labels.Has("job"));
  for (const tocsin::Label& label : key->labels) {
    CHECK(tocsin::IsLegacyLabelName(label.name) && tocsin::IsValidUtf8(label.value));
  }
  return 0;
}
