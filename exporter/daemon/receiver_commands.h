// `tocsin receiver test`: one message to each channel of a receiver of a configuration, without a
// daemon.
#pragma once

#include <string>

namespace tocsin::daemon {

struct ReceiverTestOptions {
  std::string config_file = "tocsin.yml";  // or an alertmanager.yml
  bool expand_env = false;
  std::string receiver;
  std::string alert_file;  // JSON: an alert of API v2, or a list; empty: one that says it is a test
  bool render_only = false;  // show what would be sent, and send nothing
};

// 0 where every channel has delivered (or shown) it, else 1.
int TestReceiver(const ReceiverTestOptions& options);

}  // namespace tocsin::daemon
