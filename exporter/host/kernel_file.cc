#include "exporter/host/kernel_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/text.h"
#include "exporter/host/scan.h"

namespace tocsin::host {
namespace {

constexpr std::size_t kFirstBufferBytes = 16 << 10;
// Far beyond any file read here (the longest are /proc/stat and /proc/net/udp of large machines): a
// bound for a tree that is not a kernel's.
constexpr std::size_t kLargestFileBytes = 64 << 20;

// How the kernel says that it has no such thing: pressure information switched off at boot, for
// example, opens with EOPNOTSUPP.
bool MeansAbsent(int error) {
  return error == ENOENT || error == ENOTDIR || error == ENODEV || error == ENXIO ||
         error == EOPNOTSUPP;
}

Error ReadError(std::string_view what, std::string_view path, int error) {
  return Error{fmt::format("cannot {} {}: {}", what, path,
                           std::error_code(error, std::generic_category()).message())};
}

ssize_t ReadAt(int fd, char* into, std::size_t size, std::size_t offset) {
  ssize_t n = 0;
  do {
    n = ::pread(fd, into, size, static_cast<off_t>(offset));
  } while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

}  // namespace

std::string JoinPath(std::string_view folder, std::string_view name) {
  while (!folder.empty() && folder.back() == '/') folder.remove_suffix(1);
  while (!name.empty() && name.front() == '/') name.remove_prefix(1);
  return fmt::format("{}/{}", folder, name);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (open()) ::close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (open()) ::close(fd_);
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

Result<Contents> KernelFile::Read(std::string* buffer) {
  if (!file_.open()) {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_.open()) {
      const int error = errno;
      if (MeansAbsent(error)) return Contents();
      return ReadError("open", path_, error);
    }
  }
  const ssize_t size = ReadWhole(buffer);
  if (size >= 0)
    return Contents(std::string_view(*buffer).substr(0, static_cast<std::size_t>(size)));
  file_ = FileDescriptor();  // the next round tries with a new one
  const int error = static_cast<int>(-size);
  if (MeansAbsent(error)) return Contents();
  return ReadError("read", path_, error);
}

// Until a read gives nothing: kernel files hand out their text in pieces of their own choice.
ssize_t KernelFile::ReadWhole(std::string* buffer) const {
  if (buffer->size() < kFirstBufferBytes) buffer->resize(kFirstBufferBytes);
  std::size_t filled = 0;
  while (true) {
    if (filled == buffer->size()) {
      if (filled >= kLargestFileBytes) return -EFBIG;
      buffer->resize(filled * 2);
    }
    const ssize_t n = ReadAt(file_.get(), buffer->data() + filled, buffer->size() - filled, filled);
    if (n < 0) return n;
    if (n == 0) return static_cast<ssize_t>(filled);
    filled += static_cast<std::size_t>(n);
  }
}

Result<bool> FolderLister::ForEach(const std::function<void(const char* name)>& visit) {
  if (folder_ != nullptr) {
    ::rewinddir(folder_.get());
  } else {
    folder_.reset(::opendir(path_.c_str()));
    if (folder_ == nullptr) {
      const int error = errno;
      if (MeansAbsent(error)) return false;
      return ReadError("list", path_, error);
    }
  }
  errno = 0;
  while (const dirent* entry = ::readdir(folder_.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(entry->d_name);
    errno = 0;
  }
  if (errno == 0) return true;
  const int error = errno;
  folder_.reset();
  return ReadError("list", path_, error);
}

AttributeFolder::AttributeFolder(const std::string& path)
    : folder_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

std::optional<std::string_view> AttributeFolder::Text(const char* name) {
  const FileDescriptor file(::openat(folder_.get(), name, O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;
  const ssize_t n = ReadAt(file.get(), buffer_.data(), buffer_.size(), 0);
  if (n < 0) return std::nullopt;
  return TrimSpace(std::string_view(buffer_.data(), static_cast<std::size_t>(n)));
}

std::optional<double> AttributeFolder::Number(const char* name) {
  const std::optional<std::string_view> text = Text(name);
  return text ? ParseInteger(*text) : std::nullopt;
}

}  // namespace tocsin::host
