// Episodes of posted alerts as events of the history, and back. Pure functions.
//
// What is recorded of an alert follows from the alert itself: as its newest post said, it is active
// or over, and it is over where that was recorded of one whose end has passed. So nothing is
// recorded twice, also not after a restart.
#pragma once

#include <vector>

#include "base/event.h"
#include "receivers/alerts/posted_alert.h"

namespace tocsin::receivers {

// As the history has it: it has begun, and is not over. False for alerts of our own rules.
bool IsRecordedAsActive(const PostedAlert& alert);

// alert.resolved where `former` (null: there was none) was active and its episode is over with
// `now_known`, alert.active where that begins one. Nothing of alerts of our own rules, which the
// rule engine records.
void RecordEpisodes(const PostedAlert* former, const PostedAlert& now_known,
                    std::vector<Event>* events);
// alert.resolved, where nobody has said that an alert is over whose end has passed. Notes in the
// alert that it is recorded.
void RecordEnd(PostedAlert* ended, std::vector<Event>* events);
// The same of one that is forgotten.
void RecordForgotten(const PostedAlert& forgotten, std::vector<Event>* events);

// The alert as an event left it that is about a posted one. What the event does not say (it is
// about an acknowledgement, or an earlier version wrote it), `known` does, the newest of that
// episode; null: it is not known any more.
PostedAlert AlertOfEvent(const Event& event, const PostedAlertPtr& known);

}  // namespace tocsin::receivers
