#include "exporter/daemon/signals.h"

#include <csignal>
#include <cstdlib>

namespace tocsin::daemon {
namespace {

// Tells the listening thread to end; no one else sends it.
constexpr int kEndSignal = SIGUSR1;

sigset_t OurSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, kEndSignal}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t set = OurSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A file that has reached the limit of its size is a full disk: a write that fails, not the end.
  std::signal(SIGXFSZ, SIG_IGN);
}

SignalThread::SignalThread(MainQueue& queue) : thread_([&queue] { Listen(queue); }) {}

SignalThread::~SignalThread() {
  pthread_kill(thread_.native_handle(), kEndSignal);
  thread_.join();
}

void SignalThread::Listen(MainQueue& queue) {
  const sigset_t set = OurSignals();
  bool stopping = false;
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    switch (signal) {
      case SIGHUP:
        queue.AskReload("SIGHUP");
        break;
      case SIGINT:
      case SIGTERM:
        // Whoever insists does not want to wait for deliveries under way; what is promised is in
        // the store and goes on with the next start.
        if (stopping) std::_Exit(1);
        stopping = true;
        queue.AskStop(signal == SIGINT ? "SIGINT" : "SIGTERM");
        break;
      default:
        return;
    }
  }
}

}  // namespace tocsin::daemon
