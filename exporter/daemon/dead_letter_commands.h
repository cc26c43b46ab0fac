// `tocsin deadletters list|resend`: asks a running daemon about the messages it has given up. Each
// answers with the exit status.
#pragma once

#include <string>
#include <vector>

namespace tocsin::daemon {

struct DaemonAddress {
  std::string url;  // "http://127.0.0.1:9095"; empty: what the daemon has left in its storage
  std::string storage_path;  // of the daemon
};

// One line a letter, the newest first.
int ListDeadLetters(const DaemonAddress& daemon);
// By their ids; "all" is all of them. 1 where one is unknown or has no receiver any more.
int ResendDeadLetters(const DaemonAddress& daemon, const std::vector<std::string>& ids);

}  // namespace tocsin::daemon
