// A database of PostgreSQL: the schema "tocsin" in it, whose tables are SQLite's, with indexes for
// the history.
//
// One daemon writes to a database. It holds a session's advisory lock on a connection of its own,
// and its name stands in the table "program", where each of its transactions looks: a daemon that
// has lost its lock with the connection, and has not noticed yet, writes nothing any more once
// another has begun. It takes the lock again as soon as it can; where another has had it meanwhile,
// it says so and has to be started again.
//
// A server that is gone, locked, full, read-only or standing still makes a commit fail within some
// seconds, and the store goes on without it; each later commit, and every second in between, tries
// again.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "config/settings.h"
#include "evaluator/persist/store_role.h"

namespace tocsin::evaluator {

// Whether this program was built with it. Without, every opening is refused.
bool HasPostgres();

// Connects, brings the schema up to date and starts the store's writer. The message of a failure
// names the database without its password.
Result<std::unique_ptr<StateStore>> OpenPostgresStore(const config::PostgresSettings& settings,
                                                      StoreRole role, const Clock& clock,
                                                      const Logger& log, MetricRegistry& metrics);

}  // namespace tocsin::evaluator
