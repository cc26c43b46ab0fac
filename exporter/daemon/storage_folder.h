// The storage folder: made if absent, locked for as long as the daemon runs, so that two daemons
// never share one state.
#pragma once

#include <string>

#include "base/result.h"

namespace tocsin::daemon {

class StorageFolder {
 public:
  // Makes the folder (mode 0700) and takes its lock; the message of a failure says what to do.
  static Result<StorageFolder> Open(const std::string& path);
  StorageFolder(StorageFolder&& other) noexcept;
  StorageFolder& operator=(StorageFolder&&) = delete;
  ~StorageFolder();

  // An absolute path as it is, another below the folder.
  std::string Path(const std::string& name) const;
  // Replaces a small file whole.
  Status WriteFile(const std::string& name, const std::string& text) const;
  void RemoveFile(const std::string& name) const;

 private:
  StorageFolder(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::string path_;
  int lock_fd_;
};

}  // namespace tocsin::daemon
