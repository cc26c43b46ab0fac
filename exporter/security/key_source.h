// KeySource: where encryption keys come from. The environment (TOCSIN_ENCRYPTION_KEY), the file
// that TOCSIN_ENCRYPTION_KEY_FILE or tocsin.security.encryption_key_file names, else a file of our
// own in the storage folder.
//
// Belongs to one thread, but for HasChanged(), which belongs to any other one.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "config/environment.h"
#include "exporter/security/encryption_keys.h"

namespace tocsin::security {

inline constexpr std::string_view kOwnKeyFile = "encryption_key";

class KeySource {
 public:
  // `configured_file` may be empty; `storage_folder` is where our own file lies.
  KeySource(const config::Environment& environment, const std::string& configured_file,
            const std::string& storage_folder);

  // For messages: "TOCSIN_ENCRYPTION_KEY", "/run/secrets/key".
  std::string name() const { return is_file() ? file_ : kVariable; }
  bool is_file() const { return !file_.empty(); }
  // Nobody named a file: ours, beside the database that it protects.
  bool is_own() const { return is_own_; }
  bool exists() const;

  // What stands there now, and from then on the measure of HasChanged().
  Result<EncryptionKeys> Read() EXCLUDES(mu_);
  // Whether the file is another one than what was read last. A file that is gone is not.
  bool HasChanged() const EXCLUDES(mu_);

  // Replaces the file whole (mode 0600), durably: what is encrypted with a key must not outlive it.
  // REQUIRES: is_file().
  Status Write(const EncryptionKeys& keys) const;

 private:
  static constexpr const char* kVariable = "TOCSIN_ENCRYPTION_KEY";

  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_s = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };
  static Version VersionOf(const struct stat& file);

  const config::Environment environment_;
  std::string file_;  // empty: the environment's
  bool is_own_ = false;

  mutable Mutex mu_;
  std::optional<Version> read_ GUARDED_BY(mu_);
};

}  // namespace tocsin::security
