#include "evaluator/persist/database_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

namespace tocsin::evaluator {
namespace {

// Five seconds in all, as with PostgreSQL.
constexpr int kLockAttempts = 100;
constexpr std::chrono::milliseconds kBetweenLockLockAttempts(50);

}  // namespace

Result<DatabaseLock> DatabaseLock::Take(const std::string& database) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(database, error);
  if (error) {
    return Error{fmt::format("cannot open the state database {}: {}", database, error.message())};
  }
  DatabaseLock lock(database, real.string() + "-lock");
  for (int attempt = 1;; ++attempt) {
    if (Status tried = lock.TryTake(); !tried) return tried.error();
    if (lock.descriptor_ >= 0) return lock;
    if (attempt == kLockAttempts) break;
    std::this_thread::sleep_for(kBetweenLockLockAttempts);
  }
  return Error{
      fmt::format("the state database {} is in use by another tocsin; stop that one, or name "
                  "another database with DATABASE_URL or --storage.path",
                  database)};
}

DatabaseLock::~DatabaseLock() {
  if (descriptor_ >= 0) close(descriptor_);  // which gives up the lock
}

Status DatabaseLock::Renew() {
  if (IsOfThePath()) return {};
  const int before = std::exchange(descriptor_, -1);
  const Status tried = TryTake();
  if (descriptor_ >= 0) {
    close(before);
    return {};
  }
  descriptor_ = before;
  if (!tried.ok()) return tried;
  return Error{fmt::format(
      "cannot write to the state database {}: another tocsin has begun to use it, since "
      "{} was deleted or moved; stop one of them",
      database_, path_)};
}

Status DatabaseLock::TryTake() {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor_ < 0) {
    return Error{fmt::format("cannot lock the state database {}: {}: {}", database_, path_,
                             std::strerror(errno))};
  }
  // Whoever had it may have deleted the file meanwhile: then the next attempt makes a new one.
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && IsOfThePath()) return {};
  const int why = errno;
  close(std::exchange(descriptor_, -1));
  // Where the file system knows no locks, waiting does not help.
  if (why == ENOTSUP || why == ENOLCK || why == ENOSYS) {
    return Error{fmt::format("cannot lock the state database {}: {}: {}", database_, path_,
                             std::strerror(why))};
  }
  return {};
}

bool DatabaseLock::IsOfThePath() const {
  struct stat locked {};
  struct stat named {};
  return fstat(descriptor_, &locked) == 0 && stat(path_.c_str(), &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

}  // namespace tocsin::evaluator
