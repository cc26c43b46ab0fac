// Templates in JSON form: a whole message as JSON, whose texts are templates in the braces form
// (base/template/braces.h). They are filled in after parsing, so that no value can break the JSON.
// Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "config/yaml.h"

namespace tocsin::config {

// {"text": "..."}. A text in the braces form has no quote behind its first brace.
bool LooksLikeJson(std::string_view text);

// A map; nothing for a text that is no JSON object.
std::optional<YamlNode> ReadJsonTemplate(std::string_view text);

// Whether every text in it is a template.
Status CheckTemplateTexts(const YamlNode& node);

}  // namespace tocsin::config
