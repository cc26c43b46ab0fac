// In the place of PostgresDatabase where libpqxx was not found.
#include "evaluator/persist/postgres_database.h"

namespace tocsin::evaluator {

bool HasPostgres() { return false; }

Result<std::unique_ptr<StateStore>> OpenPostgresStore(const config::PostgresSettings& settings,
                                                      StoreRole, const Clock&, const Logger&,
                                                      MetricRegistry&) {
  return Error{"cannot open the state database " + settings.shown +
               ": this tocsin was built without PostgreSQL; build it where libpqxx-dev is "
               "installed, or name an SQLite database in DATABASE_URL"};
}

}  // namespace tocsin::evaluator
