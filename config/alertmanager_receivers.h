// `global` and `receivers` of alertmanager.yml. Keys and defaults come from integration_keys.h;
// here is what a table cannot say.
#pragma once

#include <string>
#include <vector>

#include "base/matcher_text.h"
#include "config/alertmanager_settings.h"
#include "config/alertmanager_templates.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

// What relative names in http_config start at, which label names are legal, and what the templates
// in settings are checked with.
struct AlertmanagerContext {
  std::string folder;
  MatcherDialect dialect = MatcherDialect::kFallback;
  const TemplateChecker& templates;
};

// An empty (null) node gives the defaults.
AlertmanagerGlobal DecodeAlertmanagerGlobal(const YamlNode& node,
                                            const AlertmanagerContext& context, FileReport& report);

std::vector<AlertmanagerReceiver> DecodeAlertmanagerReceivers(const std::vector<YamlNode>& nodes,
                                                              const AlertmanagerGlobal& global,
                                                              const AlertmanagerContext& context,
                                                              FileReport& report);

// A map of label names to values, with Alertmanager's words for a bad name.
Labels DecodeAlertmanagerLabels(MapDecoder& map, std::string_view key, MatcherDialect dialect);

}  // namespace tocsin::config
