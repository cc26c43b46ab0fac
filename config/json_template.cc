#include "config/json_template.h"

#include <string>

#include "base/template/braces.h"
#include "base/text.h"
#include "config/diagnostics.h"

namespace tocsin::config {

bool LooksLikeJson(std::string_view text) {
  text = TrimSpace(text);
  if (text.empty() || text.front() != '{') return false;
  return TrimSpace(text.substr(1)).substr(0, 1) == "\"";
}

std::optional<YamlNode> ReadJsonTemplate(std::string_view text) {
  if (!LooksLikeJson(text)) return std::nullopt;
  Diagnostics ignored;
  FileReport report("template", ignored);
  // JSON is YAML, too.
  std::optional<YamlNode> node = ParseYaml(std::string(text), report);
  const bool is_json = node && node->kind == YamlNode::Kind::kMap && report.errors() == 0;
  return is_json ? node : std::nullopt;
}

Status CheckTemplateTexts(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) {
    const Result<BracesTemplate> parsed = BracesTemplate::Parse(node.text);
    return parsed ? Status() : Status(parsed.error());
  }
  for (const YamlNode& item : node.items) {
    if (Status checked = CheckTemplateTexts(item); !checked) return checked;
  }
  for (const YamlEntry& entry : node.entries) {
    if (Status checked = CheckTemplateTexts(entry.value); !checked) return checked;
  }
  return {};
}

}  // namespace tocsin::config
