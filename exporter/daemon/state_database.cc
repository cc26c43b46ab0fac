#include "exporter/daemon/state_database.h"

#include <filesystem>

#include "evaluator/persist/sqlite_database.h"

namespace tocsin::daemon {

Result<std::unique_ptr<StateStore>> OpenStateStore(const StateDatabase& database,
                                                   const std::string& storage_path,
                                                   evaluator::StoreRole role, const Clock& clock,
                                                   const Logger& log, MetricRegistry& metrics) {
  if (database.postgres) {
    return evaluator::OpenPostgresStore(*database.postgres, role, clock, log, metrics);
  }
  const std::string path =
      database.sqlite_path == kDatabaseInMemory
          ? database.sqlite_path
          : (std::filesystem::path(storage_path) / database.sqlite_path).string();
  return evaluator::OpenSqliteStore(path, role, clock, log, metrics);
}

std::string DatabaseKinds() {
  return evaluator::HasPostgres() ? "SQLite, PostgreSQL" : "SQLite (built without PostgreSQL)";
}

}  // namespace tocsin::daemon
