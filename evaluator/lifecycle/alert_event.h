// Changes of an alert's state as events of the history. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/alert.h"
#include "base/event.h"

namespace tocsin::evaluator {

// What `after` is, where that is another state than that of `before` (null: there was none):
//
//   alert.pending, alert.active, alert.acknowledged, alert.resolved
//   alert.inactive        was pending, and its condition does not hold any more
//   alert.unacknowledged  fires again; the body says why: its time is over ("expired"), or the one
//                         who is `actor` has taken it back ("removed")
//
// An episode that a sticky acknowledgement holds for begins with alert.acknowledged. `row` is
// SerializeAlert(after), the body of the event.
std::optional<Event> ChangeOfState(const Alert* before, const Alert& after, std::string row,
                                   std::string_view actor);

}  // namespace tocsin::evaluator
