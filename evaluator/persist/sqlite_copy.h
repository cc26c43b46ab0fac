// A copy of a whole database, some pages at a time, read through a connection that has it open:
// also of one whose file has no name any more.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "evaluator/persist/sqlite_connection.h"

struct sqlite3_backup;

namespace tocsin::evaluator {

// One thread, that of the connection.
class SqliteCopy {
 public:
  // Over a file of that name. `from` outlives the object.
  static Result<std::unique_ptr<SqliteCopy>> Begin(SqliteConnection& from, const std::string& to);
  SqliteCopy() = default;
  SqliteCopy(const SqliteCopy&) = delete;
  SqliteCopy& operator=(const SqliteCopy&) = delete;
  // What is not complete is deleted.
  ~SqliteCopy();

  // True: it is complete, durable and closed. Not to be called again then, nor after a failure.
  Result<bool> Step();

 private:
  void Close();

  std::string path_;
  std::unique_ptr<SqliteConnection> to_;
  sqlite3_backup* backup_ = nullptr;
};

}  // namespace tocsin::evaluator
