#include "exporter/security/key_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium/utils.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tocsin::security {
namespace {

// Some hundred keys.
constexpr std::size_t kMaxKeyFile = 16 << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Error FileError(const char* what, const std::string& file) {
  return Error{fmt::format("cannot {} {}: {}", what, file, std::strerror(errno))};
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(fd) == 0;
}

Status ReadInto(int fd, const std::string& file, WipedText* text) {
  struct Buffer {
    ~Buffer() { sodium_memzero(bytes, sizeof(bytes)); }
    char bytes[512] = {};
  } buffer;
  ssize_t count = 0;
  while ((count = read(fd, buffer.bytes, sizeof(buffer.bytes))) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError("read the encryption key of", file);
    if (text->view().size() + static_cast<std::size_t>(count) > kMaxKeyFile) {
      return Error{fmt::format("{} is larger than {} bytes and no file of encryption keys", file,
                               kMaxKeyFile)};
    }
    text->Append({buffer.bytes, static_cast<std::size_t>(count)});
  }
  return {};
}

std::optional<std::string> Given(const config::Environment& environment, std::string_view name) {
  std::optional<std::string> value = environment(name);
  return value && value->empty() ? std::nullopt : value;
}

}  // namespace

KeySource::KeySource(const config::Environment& environment, const std::string& configured_file,
                     const std::string& storage_folder)
    : environment_(environment) {
  if (std::optional<std::string> key = Given(environment, kVariable)) {
    sodium_memzero(key->data(), key->size());
    return;
  }
  file_ = Given(environment, "TOCSIN_ENCRYPTION_KEY_FILE").value_or(configured_file);
  if (!file_.empty()) return;
  file_ = (std::filesystem::path(storage_folder) / kOwnKeyFile).string();
  is_own_ = true;
}

KeySource::Version KeySource::VersionOf(const struct stat& file) {
  return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

bool KeySource::exists() const {
  struct stat file {};
  return !is_file() || stat(file_.c_str(), &file) == 0;
}

Result<EncryptionKeys> KeySource::Read() {
  const auto named = [this](const Result<EncryptionKeys>& keys) {
    return keys ? keys : Error{fmt::format("{}: {}", name(), keys.message())};
  };
  if (!is_file()) {
    std::string value = Given(environment_, kVariable).value_or("");
    Result<EncryptionKeys> keys = ParseEncryptionKeys(value);
    sodium_memzero(value.data(), value.size());
    return named(keys);
  }
  const Descriptor fd(open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat version {};
  if (fd.get() < 0 || fstat(fd.get(), &version) != 0) {
    return FileError("read the encryption key of", file_);
  }
  WipedText text(kMaxKeyFile);
  if (Status read = ReadInto(fd.get(), file_, &text); !read) return read.error();
  Result<EncryptionKeys> keys = named(ParseEncryptionKeys(text.view()));
  MutexLock lock(mu_);
  read_ = VersionOf(version);
  return keys;
}

bool KeySource::HasChanged() const {
  struct stat now {};
  if (!is_file() || stat(file_.c_str(), &now) != 0) return false;
  MutexLock lock(mu_);
  return read_ != VersionOf(now);
}

Status KeySource::Write(const EncryptionKeys& keys) const {
  WipedText text((EncryptionKey::kTextBytes + 1) * keys.size());
  for (const auto& key : keys) {
    key->AppendTo(&text);
    text.Append("\n");
  }
  const std::string draft = file_ + ".new";
  unlink(draft.c_str());
  {
    const Descriptor fd(
        open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (fd.get() < 0 || !WriteAll(fd.get(), text.view())) {
      return FileError("write the encryption key into", draft);
    }
  }
  if (rename(draft.c_str(), file_.c_str()) != 0) {
    return FileError("write the encryption key into", file_);
  }
  const std::string folder = std::filesystem::path(file_).parent_path().string();
  const Descriptor fd(
      open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) return FileError("write the folder of", file_);
  return {};
}

}  // namespace tocsin::security
