#include "exporter/http/transfer_watchdog.h"

#include <sys/socket.h>

namespace tocsin::http {

void TransferWatchdog::Lane::Begin(Direction direction, Endpoint peer, Duration at_most) {
  MutexLock lock(mu_);
  deadline_ = std::chrono::steady_clock::now() + at_most;
  direction_ = direction;
  peer_ = peer;
  cut_ = false;
}

bool TransferWatchdog::Lane::End() {
  MutexLock lock(mu_);
  deadline_.reset();
  return !cut_;
}

void TransferWatchdog::Lane::CutIfLate(std::uint16_t local_port) {
  // The lock is held during the system calls on purpose: the worker cannot pass End meanwhile, so
  // the connection stays open and its descriptor its own.
  MutexLock lock(mu_);
  if (!deadline_ || std::chrono::steady_clock::now() < *deadline_) return;
  // A late reader may still be told so: only its own direction is closed.
  cut_ = ShutDownConnection(local_port, peer_,
                            direction_ == Direction::kReading ? SHUT_RD : SHUT_RDWR);
  if (cut_) deadline_.reset();
}

TransferWatchdog::Lane& TransferWatchdog::AddLane() {
  MutexLock lock(mu_);
  lanes_.push_back(std::make_unique<Lane>());
  return *lanes_.back();
}

void TransferWatchdog::Start(std::uint16_t local_port) {
  thread_ = std::thread([this, local_port] { Run(local_port); });
}

void TransferWatchdog::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  stop_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void TransferWatchdog::Run(std::uint16_t local_port) {
  while (true) {
    std::vector<Lane*> lanes;
    {
      MutexLock lock(mu_);
      if (!stopped_) stop_.WaitFor(mu_, interval_);
      if (stopped_) return;
      for (const std::unique_ptr<Lane>& lane : lanes_) lanes.push_back(lane.get());
    }
    for (Lane* lane : lanes) lane->CutIfLate(local_port);
  }
}

}  // namespace tocsin::http
