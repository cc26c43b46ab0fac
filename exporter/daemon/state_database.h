// Opens the database that the configuration names.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "config/settings.h"
#include "evaluator/persist/postgres_database.h"

namespace tocsin::daemon {

// As DATABASE_URL says.
struct StateDatabase {
  std::string sqlite_path;  // absolute or relative to the storage folder; kDatabaseInMemory
  std::optional<config::PostgresSettings> postgres;  // instead, where it is given
};
inline constexpr const char* kDatabaseInMemory = ":memory:";

// The message of a failure says which database and what to do.
Result<std::unique_ptr<StateStore>> OpenStateStore(const StateDatabase& database,
                                                   const std::string& storage_path,
                                                   evaluator::StoreRole role, const Clock& clock,
                                                   const Logger& log, MetricRegistry& metrics);

// "SQLite, PostgreSQL": what this program was built with.
std::string DatabaseKinds();

}  // namespace tocsin::daemon
