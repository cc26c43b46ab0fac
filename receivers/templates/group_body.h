// A group as the JSON that Alertmanager's webhook sends, byte for byte but for the precision of
// times (milliseconds) and the order of annotations. A pure function.
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/template/objects.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// Shows the first `count` alerts; what is common, and the status, is that of all of them. Ends in a
// line feed.
std::string GroupBody(const GroupNotification& notification,
                      const gotemplate::KeyValues::Entries& route_labels, std::string_view version,
                      std::size_t count);

}  // namespace tocsin::receivers
