#include "evaluator/persist/sqlite_copy.h"

#include <sqlite3.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace tocsin::evaluator {
namespace {

constexpr int kPagesAtOnce = 256;  // a mebibyte
constexpr std::string_view kCopying = "cannot write anew the state database as";

void RemoveFile(const std::string& path) {
  std::error_code absent_is_fine;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(path + suffix, absent_is_fine);
  }
}

}  // namespace

Result<std::unique_ptr<SqliteCopy>> SqliteCopy::Begin(SqliteConnection& from,
                                                      const std::string& to) {
  RemoveFile(to);
  auto copy = std::make_unique<SqliteCopy>();
  copy->path_ = to;
  copy->to_ = std::make_unique<SqliteConnection>();
  if (Status opened = copy->to_->Open(to, SqliteConnection::Access::kMake); !opened.ok()) {
    return opened.error();
  }
  if (Status durable = copy->to_->Execute("PRAGMA synchronous = FULL", kCopying); !durable.ok()) {
    return durable.error();
  }
  copy->backup_ = sqlite3_backup_init(copy->to_->handle(), "main", from.handle(), "main");
  if (copy->backup_ == nullptr) return copy->to_->Failure(kCopying);
  return copy;
}

SqliteCopy::~SqliteCopy() {
  if (to_ == nullptr) return;
  Close();
  RemoveFile(path_);
}

Result<bool> SqliteCopy::Step() {
  const int stepped = sqlite3_backup_step(backup_, kPagesAtOnce);
  if (stepped == SQLITE_OK) return false;
  // Tells the connection, too, what went wrong.
  const int finished = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (stepped != SQLITE_DONE || finished != SQLITE_OK) return to_->Failure(kCopying);
  Close();
  return true;
}

void SqliteCopy::Close() {
  sqlite3_backup_finish(backup_);
  backup_ = nullptr;
  to_.reset();
}

}  // namespace tocsin::evaluator
