// ${NAME} in the values of alertmanager.yml, which Alertmanager itself leaves as it is. Pure
// functions over a tree that has been read: a value never becomes YAML, whatever it holds.
//
// Expansion is opt-in (--config.expand-env), and narrow, because `$` has a meaning in templates and
// regular expressions: only ${NAME} in scalar values, never in keys; $NAME stays. A variable that
// is not set is an error at its place, one that is set to nothing is fine. `$${` is written for a
// plain `${`.
#pragma once

#include "config/environment.h"
#include "config/report.h"
#include "config/yaml.h"

namespace tocsin::config {

void ExpandReferences(const Environment& environment, FileReport& report, YamlNode* node);

// Without expansion: a value that is or holds ${NAME} is an error that says what to do, since it
// would be used literally. In a template or a text of several lines it may be meant: a warning.
void ReportReferences(const YamlNode& node, FileReport& report);

}  // namespace tocsin::config
