// Attempts at messages as events of the history. A pure function.
#pragma once

#include "base/event.h"
#include "receivers/channels/channel.h"
#include "receivers/outbox/row.h"
#include "receivers/pipeline/group_channel.h"

namespace tocsin::receivers {

// notification.delivered, notification.failed (there will be a further attempt), or
// notification.dead: given up with this attempt. `row` is counted up already.
Event AttemptEvent(const OutboxRow& row, const GroupIntegration& integration,
                   const Outcome& outcome, bool given_up, Duration took, Timestamp now);

}  // namespace tocsin::receivers
