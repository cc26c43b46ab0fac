// `tocsin receiver test` in the audit log: in a database that no daemon works on, as the chain is
// the daemon's otherwise.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tocsin::daemon {

// What was sent to a receiver, by how many of its channels.
struct ReceiverTestOutcome {
  std::string receiver;
  std::size_t delivered = 0;
  std::size_t failed = 0;
};

// Appends it to the database that DATABASE_URL and the storage folder name, if both exist; makes
// neither. `storage_path` is empty where nobody has named the folder. A failure says why it is not
// there: a daemon runs on the database, there is none, ...
Status NoteReceiverTest(const std::string& storage_path, const ReceiverTestOutcome& outcome);

}  // namespace tocsin::daemon
