// Episodes of posted alerts as events of the history. Pure functions.
//
// What is recorded of an alert follows from the alert itself: as its newest post said, it is active
// or over. So nothing is recorded twice, also not after a restart.
#pragma once

#include <vector>

#include "base/event.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

// alert.resolved where `former` (null: there was none) was active and its episode is over with
// `now_known`, alert.active where that begins one. Nothing of alerts of our own rules, which the
// rule engine records.
void RecordEpisodes(const PostedAlert* former, const PostedAlert& now_known,
                    std::vector<Event>* events);
// alert.resolved, where nobody has said that an alert is over whose end has passed.
void RecordForgotten(const PostedAlert& forgotten, std::vector<Event>* events);

}  // namespace tocsin::receivers
