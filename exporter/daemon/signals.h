// The process's signals, as wishes for the main thread: SIGHUP reloads, SIGTERM and SIGINT stop,
// and a second one of those ends the process at once. All other threads have these signals blocked.
#pragma once

#include <thread>

#include "exporter/daemon/main_queue.h"

namespace tocsin::daemon {

// Blocks them for the calling thread and every thread it starts from now on, and makes writes to
// closed sockets and to files at the limit of their size errors instead of signals. To be called
// before any thread is started.
void BlockSignals();

class SignalThread {
 public:
  // REQUIRES: BlockSignals was called; `queue` outlives the object.
  explicit SignalThread(MainQueue& queue);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  static void Listen(MainQueue& queue);

  std::thread thread_;
};

}  // namespace tocsin::daemon
