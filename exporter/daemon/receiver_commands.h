// `tocsin receiver test`: one message to each channel of a receiver of a configuration, without a
// daemon. It stands in the audit log where the daemon's database is named, exists and is no running
// daemon's (receiver_test_audit.h); where it does not, standard error says so.
#pragma once

#include <string>

namespace tocsin::daemon {

struct ReceiverTestOptions {
  std::string config_file = "tocsin.yml";  // or an alertmanager.yml
  bool expand_env = false;
  std::string receiver;
  std::string alert_file;  // JSON: an alert of API v2, or a list; empty: one that says it is a test
  bool render_only = false;  // show what would be sent, and send nothing
  std::string storage_path;  // the daemon's folder; empty: nobody has named it
};

// 0 where every channel has delivered (or shown) it, else 1.
int TestReceiver(const ReceiverTestOptions& options);

}  // namespace tocsin::daemon
