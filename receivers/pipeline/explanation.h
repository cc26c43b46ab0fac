// Explanation: why people were told of an alert, or were not. Plain data, made by the dispatcher's
// thread for whoever asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "receivers/outbox/announcement.h"

namespace tocsin::receivers {

// What one integration of a route's receiver knows of the alert.
struct ExplainedIntegration {
  std::string integration;  // "ops/webhook[0]"
  // "told": it fires, as far as the receiver knows; "told_of_end"; "due_again": it may know of it
  // and is to be told again; "sending": an attempt is under way; "waiting": for its turn or a
  // retry; "given_up": the message is a dead letter; "untold".
  std::string state;
  std::optional<Timestamp> told_at;  // of the newest message that was taken
  std::uint32_t attempts = 0;        // of the message that is on its way or was given up
  std::string last_error;            // of that
  // At messages of its group since a posted alert began; some may be from a time when something
  // held it back.
  std::vector<DeliveryAttempt> newest;
};

struct ExplainedRoute {
  std::string receiver;
  std::string route;      // its matchers from the root, {}/{severity="critical"}
  std::string group_key;  // of the alert's group
  Labels group_labels;
  bool named_by_rule = false;  // straight to a receiver that the rule names
  Duration group_wait{0};
  Duration group_interval{0};
  Duration repeat_interval{0};                    // kNoRepeat: none
  std::vector<std::string> outside_of_intervals;  // active_time_intervals, none of which covers now
  std::vector<std::string> muted_by_intervals;
  std::optional<Timestamp> next_flush;  // none: when the group changes
  std::vector<ExplainedIntegration> integrations;
};

struct ExplainedAcknowledgement {
  std::string actor;
  std::string note;
  std::optional<Timestamp> until;  // none: until the alert resolves
  Duration survives{0};            // how long it outlives that
};

struct Explanation {
  // Why a firing alert is not spoken of, in the order of the steps. All of them, not the first.
  std::optional<ExplainedAcknowledgement> acknowledgement;
  std::vector<std::uint64_t> inhibited_by;  // fingerprints of sources
  std::vector<std::string> silenced_by;     // ids
  std::optional<Timestamp> cooldown_until;
  std::vector<ExplainedRoute> routes;  // in order; none: its rule names receivers that do not exist
};

}  // namespace tocsin::receivers
