#include "evaluator/persist/sqlite_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tocsin::evaluator {

std::optional<SqliteFiles::File> SqliteFiles::Find(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return File{found.st_dev, found.st_ino, found.st_mode};
}

SqliteFiles SqliteFiles::Note(const std::string& database) {
  SqliteFiles files;
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(database, error);
  files.path_ = error ? database : real.string();
  files.database_ = Find(files.path_);
  for (std::size_t i = 0; i < kLogSuffixes.size(); ++i) {
    files.logs_.at(i) = Find(files.path_ + kLogSuffixes.at(i));
  }
  return files;
}

SqliteFiles::State SqliteFiles::Look() {
  const std::optional<File> there = Find(path_);
  if (!there) return errno == ENOENT || errno == ENOTDIR ? State::kGone : State::kInPlace;
  if (database_ && *there != *database_) return State::kReplaced;
  database_ = there;  // with its permissions of now
  for (std::size_t i = 0; i < kLogSuffixes.size(); ++i) {
    if (logs_.at(i) && Find(path_ + kLogSuffixes.at(i)) != logs_.at(i)) return State::kLogGone;
  }
  return State::kInPlace;
}

Status SqliteFiles::Replace(const std::string& by) {
  const auto failure = [this](const char* what) {
    return Error{fmt::format("cannot {} {}: {}", what, path_, std::strerror(errno))};
  };
  if (database_ && chmod(by.c_str(), database_->mode & ALLPERMS) != 0) {
    return failure("give its old permissions to");
  }
  for (const char* suffix : kLogSuffixes) {
    if (unlink((path_ + suffix).c_str()) != 0 && errno != ENOENT) {
      return failure("delete the old log of");
    }
  }
  if (Look() != State::kGone) {
    return Error{fmt::format("another file stands in the place of {}", path_)};
  }
  if (std::rename(by.c_str(), path_.c_str()) != 0) return failure("make");
  // The name is durable, too.
  const int folder =
      open(std::filesystem::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failure("make durable");
  const bool synced = fsync(folder) == 0;
  close(folder);
  if (!synced) return failure("make durable");
  return {};
}

}  // namespace tocsin::evaluator
