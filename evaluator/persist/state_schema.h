// The tables of the state, and the numbered steps that bring an older database up to date: the same
// for each kind of database, each in its own words.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/state_store.h"

namespace tocsin::evaluator {

inline constexpr std::array<StateTable, 15> kStateTables = {
    StateTable::kAlerts,           StateTable::kHolds,           StateTable::kAnnouncements,
    StateTable::kOutbox,           StateTable::kPushedGroups,    StateTable::kSilences,
    StateTable::kNotificationLog,  StateTable::kPostedAlerts,    StateTable::kAcknowledgements,
    StateTable::kApiKeys,          StateTable::kAudit,           StateTable::kManagedRules,
    StateTable::kManagedReceivers, StateTable::kIdempotencyKeys, StateTable::kAlertComments};

// Step n brings version n of the schema to n + 1. Where a step is nothing to a database, its text
// is empty.
struct SchemaStep {
  std::string sqlite;
  std::string postgres;
};
std::vector<SchemaStep> SchemaSteps();

}  // namespace tocsin::evaluator
