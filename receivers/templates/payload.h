// Bodies that a configuration writes itself (`payload` of a webhook): any YAML value, in which
// every text is a template, as JSON. Pure functions.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "config/yaml.h"

namespace tocsin::receivers {

// Fills in one template.
using TemplateFiller = std::function<Result<std::string>(const std::string& text)>;

// What a text becomes is read as YAML again: `{{ len .Alerts }}` is sent as a number, a list that a
// template writes as a list. What that gives is not rendered a second time. A text that becomes ""
// or a comment stays a text.
Result<std::string> RenderPayload(const config::YamlNode& payload, const TemplateFiller& fill);

// The same, but what a text becomes stays a text, and keys are no templates: what fills it in may
// come from anybody.
Result<std::string> RenderJsonTemplate(const config::YamlNode& json, const TemplateFiller& fill);

}  // namespace tocsin::receivers
