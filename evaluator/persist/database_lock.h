// The lock of whoever writes to an SQLite database as its daemon: on a file beside the database
// ("state.db-lock"), by the real path, so that all names of one database are one lock. SQLite's own
// locks are on the database itself and are lost when any descriptor of it is closed. The kernel
// gives the lock up with the process, however that ends; the file stays.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tocsin::evaluator {

class DatabaseLock {
 public:
  // REQUIRES: the database exists. Waits up to five seconds for another that is about to end.
  static Result<DatabaseLock> Take(const std::string& database);
  DatabaseLock(DatabaseLock&& other) noexcept
      : database_(std::move(other.database_)),
        path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  DatabaseLock& operator=(DatabaseLock&&) = delete;
  ~DatabaseLock();

  // Takes it anew where its file was deleted or moved, if nobody else has done so.
  Status Renew();

 private:
  DatabaseLock(std::string database, std::string path)
      : database_(std::move(database)), path_(std::move(path)) {}
  // Ok and still without a lock: another has it.
  Status TryTake();
  bool IsOfThePath() const;

  std::string database_;  // as messages name it
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace tocsin::evaluator
