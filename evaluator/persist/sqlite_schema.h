// The tables of the state database, and the steps that bring older files up to date.
#pragma once

#include <array>

#include "base/result.h"
#include "base/state_store.h"
#include "evaluator/persist/sqlite_connection.h"

namespace tocsin::evaluator {

inline constexpr std::array<StateTable, 14> kStateTables = {
    StateTable::kAlerts,           StateTable::kHolds,          StateTable::kAnnouncements,
    StateTable::kOutbox,           StateTable::kPushedGroups,   StateTable::kSilences,
    StateTable::kNotificationLog,  StateTable::kPostedAlerts,   StateTable::kAcknowledgements,
    StateTable::kApiKeys,          StateTable::kAudit,          StateTable::kManagedRules,
    StateTable::kManagedReceivers, StateTable::kIdempotencyKeys};

// Refuses the file of a newer program.
Status BringUpToDate(SqliteConnection& database);

}  // namespace tocsin::evaluator
