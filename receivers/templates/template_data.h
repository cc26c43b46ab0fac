// What templates see of a notification: the fields that Alertmanager documents.
// https://prometheus.io/docs/alerting/latest/notifications/#data
// A pure function; the value may be read by any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/template/objects.h"
#include "base/template/value.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// `route_labels` are the rendered ones.
gotemplate::Value MakeTemplateData(const GroupNotification& notification,
                                   gotemplate::KeyValues::Entries route_labels);

// "firing" if any of the alerts fires, else "resolved".
std::string_view StatusOf(const std::vector<FrozenAlert>& alerts);

// The name as .Receiver and the webhook have it: so that it stands for itself in a regular
// expression. https://pkg.go.dev/regexp#QuoteMeta
std::string QuoteForRegex(std::string_view name);

}  // namespace tocsin::receivers
