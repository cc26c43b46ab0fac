// `route` and `inhibit_rules` of alertmanager.yml: the routing tree with everything that children
// inherit resolved, and the matchers in all of their spellings, the deprecated ones included.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/matcher_text.h"
#include "config/alertmanager_settings.h"
#include "config/alertmanager_templates.h"
#include "config/decode.h"

namespace tocsin::config {

// What a route may name.
struct RouteNames {
  std::set<std::string> receivers;
  std::set<std::string> time_intervals;
};

// The tree of the key `route`, which must be there.
AlertmanagerRoute DecodeAlertmanagerRoute(MapDecoder& top, const RouteNames& names,
                                          const TemplateChecker& templates, MatcherDialect dialect);

std::vector<InhibitRule> DecodeInhibitRules(MapDecoder& top, MatcherDialect dialect);

}  // namespace tocsin::config
