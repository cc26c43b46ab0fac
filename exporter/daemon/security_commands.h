// `tocsin keys create|list|revoke` and `tocsin audit verify`: work on the database of a storage
// folder, whether or not a daemon runs on it. Each answers with the exit status.
#pragma once

#include <string>
#include <vector>

namespace tocsin::daemon {

struct KeyCreation {
  std::string name;
  std::string scopes;   // "push", "read,operate"
  std::string expires;  // "90d"; empty: never
};

// Prints the token, once, and nothing else, on standard output. Makes folder and database where
// there are none yet.
int CreateKey(const std::string& storage_path, const KeyCreation& order);
// One line a key.
int ListKeys(const std::string& storage_path);
int RevokeKey(const std::string& storage_path, const std::string& id);

// 1, and every finding, where anything was altered, removed or moved. `expected` is "NUMBER:HASH"
// of an entry as an earlier run printed it, which must still be there; empty: none.
int VerifyAudit(const std::string& storage_path, const std::string& expected);

}  // namespace tocsin::daemon
