// An alert of our own rules as the dispatcher of groups knows alerts. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/alert.h"
#include "config/settings.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

// `message` is the rule's text for this alert, which becomes the summary. A firing alert has no
// end: it is over when the rule says so.
PostedAlert MakeNativeAlert(AlertPtr alert, const std::string& message);

// PostedAlert::hash of an alert of our own: of its labels and its episode, since each episode is
// told by itself.
std::uint64_t EpisodeHash(const Alert& alert);

// Whether alerts of the rule go through the routing tree, which is there.
bool GoesThroughTree(const ThresholdRule& rule, config::NativeRouting routing);

// summary, description and the links where the rule has them, and why it ended unless the value has
// recovered: Alertmanager's "resolved" alone would say that.
Annotations NativeAnnotations(const Alert& alert, const std::string& message);

}  // namespace tocsin::receivers
