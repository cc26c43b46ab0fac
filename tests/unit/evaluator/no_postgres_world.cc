// In the place of postgres_world.cc where libpqxx was not found.
#include "tests/unit/evaluator/store_world.h"

namespace tocsin::evaluator {

Result<std::unique_ptr<StoreWorld>> MakePostgresWorld() {
  return Error{"this build has no PostgreSQL: libpqxx was not found"};
}

}  // namespace tocsin::evaluator
