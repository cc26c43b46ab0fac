// The default database: one SQLite file in WAL mode.
//
// synchronous=FULL: a commit is one fdatasync. Checkpoints run when nothing waits, so that they do
// not stand in an alert's way. Events are read on a second connection, opened by whoever asks
// first.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "evaluator/persist/store_role.h"

namespace tocsin::evaluator {

// Opens or makes the file (":memory:" keeps nothing), brings its schema up to date and starts the
// store's writer. A second daemon on one file is refused (database_lock.h). The message of a
// failure names the file and what to do.
Result<std::unique_ptr<StateStore>> OpenSqliteStore(const std::string& path, StoreRole role,
                                                    const Clock& clock, const Logger& log,
                                                    MetricRegistry& metrics);

}  // namespace tocsin::evaluator
