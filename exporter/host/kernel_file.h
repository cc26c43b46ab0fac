// Reading /proc and /sys cheaply: a KernelFile is opened once and read again from its start in
// every round. Owned by the source that parses it, used by the thread that collects.
#pragma once

#include <dirent.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tocsin::host {

// Where the kernel's files and the host's file systems are. In a container the host's are mounted
// elsewhere; tests bring small trees of their own.
struct HostPaths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
};

// Joins with exactly one slash between.
std::string JoinPath(std::string_view folder, std::string_view name);

// An open file descriptor, closed when it dies.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  bool open() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int Release();
  int fd_ = -1;
};

// What a file held, or nothing where there is no such file: no such feature in this kernel, no such
// device. The text lies in the caller's buffer and is valid until that is used again.
using Contents = std::optional<std::string_view>;

class KernelFile {
 public:
  explicit KernelFile(std::string path) : path_(std::move(path)) {}

  // Grows `buffer` as needed and never shrinks it. Opens the file where it is not open; a file that
  // was replaced is not noticed, which kernel files never are.
  Result<Contents> Read(std::string* buffer);
  const std::string& path() const { return path_; }

 private:
  // Bytes read, or minus errno.
  ssize_t ReadWhole(std::string* buffer) const;

  std::string path_;
  FileDescriptor file_;
};

// The names in a folder, listed anew in every round.
class FolderLister {
 public:
  explicit FolderLister(std::string path) : path_(std::move(path)) {}

  // In no order, without "." and ".."; false where there is no such folder.
  Result<bool> ForEach(const std::function<void(const char* name)>& visit);
  const std::string& path() const { return path_; }

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
  };
  std::string path_;
  std::unique_ptr<DIR, CloseFolder> folder_;
};

// One device's folder in /sys: a file for each attribute. Devices come and go, so it is opened for
// one round; names are then looked up in the folder, which is cheaper than walking the whole path.
class AttributeFolder {
 public:
  explicit AttributeFolder(const std::string& path);

  bool exists() const { return folder_.open(); }
  // Without blanks and line ends around it, valid until the next call. Nothing where the attribute
  // does not exist or does not apply now (a link that is down has no carrier); sysfs tells neither
  // from a fault, and no caller needs to.
  std::optional<std::string_view> Text(const char* name);
  std::optional<double> Number(const char* name);

 private:
  FileDescriptor folder_;
  std::array<char, 4096> buffer_;  // sysfs: one page at most
};

}  // namespace tocsin::host
