// Alertmanager's templates: its functions, and the definitions that receivers name by default
// ("slack.default.title"). They render what Alertmanager's own render; the page of mail is of our
// own design. A user's file may redefine each of them.
// https://prometheus.io/docs/alerting/latest/notifications/
#pragma once

#include "base/clock.h"
#include "base/template/template_set.h"

namespace tocsin::receivers {

// The set to which a configuration's files are added. The clock outlives it and its copies.
gotemplate::TemplateSet MakeDefaultTemplates(const Clock& clock);

}  // namespace tocsin::receivers
