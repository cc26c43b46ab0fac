// `tocsin secrets rotate|discard`: the key that secrets in the database are encrypted with. Each
// answers with the exit status.
#pragma once

#include <string>

namespace tocsin::daemon {

struct SecretOptions {
  std::string storage_path;
  std::string config_file;  // for tocsin.security.encryption_key_file; need not exist
  bool expand_env = false;
};

// Puts a new key into the key file and encrypts everything with it, in one transaction; a daemon
// that runs does that itself, and this waits for it. What is under way when the process is killed
// leaves both keys in the file, and everything opens.
int RotateSecrets(const SecretOptions& options);

// Deletes the receivers that no key at hand opens. Refused while a daemon runs.
int DiscardSecrets(const SecretOptions& options);

}  // namespace tocsin::daemon
