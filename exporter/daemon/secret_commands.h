// `tocsin secrets rotate|discard`: the key that secrets in the database are encrypted with. Each
// answers with the exit status.
#pragma once

#include <cstddef>
#include <string>

#include "exporter/security/audit_chain.h"

namespace tocsin::daemon {

struct SecretOptions {
  std::string storage_path;
  std::string config_file;  // for tocsin.security.encryption_key_file; need not exist
  bool expand_env = false;
};

// For the audit log: so many receivers are encrypted with that key now.
security::AuditRecord RotationRecord(const std::string& actor, const std::string& key_id,
                                     std::size_t receivers);

// Puts a new key into the key file and encrypts everything with it, in one transaction; a daemon
// that runs does that itself, and this waits for it. What is under way when the process is killed
// leaves both keys in the file, and everything opens.
int RotateSecrets(const SecretOptions& options);

// Deletes the receivers that no key at hand opens. Refused while a daemon runs.
int DiscardSecrets(const SecretOptions& options);

}  // namespace tocsin::daemon
