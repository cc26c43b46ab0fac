#include "exporter/daemon/storage_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tocsin::daemon {

Result<StorageFolder> StorageFolder::Open(const std::string& path) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path, error);
  // Only the owner's: alerts and what was pushed are nobody else's business.
  if (is_new && !error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return Error{
        fmt::format("cannot make the storage folder {}: {}; name another with --storage.path", path,
                    error.message())};
  }
  const std::string lock_path = (std::filesystem::path(path) / "lock").string();
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) {
    return Error{
        fmt::format("cannot write to the storage folder {}: {}; name another with --storage.path",
                    path, std::strerror(errno))};
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return Error{
        fmt::format("the storage folder {} is in use by another tocsin; stop that one, or name "
                    "another folder with --storage.path",
                    path)};
  }
  return StorageFolder(path, fd);
}

StorageFolder::StorageFolder(StorageFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

StorageFolder::~StorageFolder() {
  if (lock_fd_ >= 0) close(lock_fd_);  // which gives up the lock
}

std::string StorageFolder::Path(const std::string& name) const {
  return (std::filesystem::path(path_) / name).string();
}

Status StorageFolder::WriteFile(const std::string& name, const std::string& text) const {
  const std::string target = Path(name);
  const std::string draft = target + ".new";
  std::ofstream out(draft, std::ios::trunc);
  out << text;
  out.close();
  if (!out || std::rename(draft.c_str(), target.c_str()) != 0) {
    return Error{fmt::format("cannot write {}: {}", target, std::strerror(errno))};
  }
  return Status();
}

void StorageFolder::RemoveFile(const std::string& name) const {
  std::error_code absent_is_fine;
  std::filesystem::remove(Path(name), absent_is_fine);
}

}  // namespace tocsin::daemon
