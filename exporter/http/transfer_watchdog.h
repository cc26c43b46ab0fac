// TransferWatchdog: ends transfers that take too long as a whole.
//
// The server library bounds the silence between two bytes, never the whole: a client that sends or
// takes one byte every few seconds would hold its worker for ever. So a worker says before it reads
// or writes until when that must be over; one thread looks at all workers a few times in that span
// and shuts down the connection of those that are late, which makes the blocked call return.
//
// Owned by the server. Lanes belong to workers; the watchdog's own thread only reads them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "exporter/http/process_sockets.h"

namespace tocsin::http {

class TransferWatchdog {
 public:
  enum class Direction : std::uint8_t { kReading, kWriting };

  // One worker's. A transfer is watched from Begin to End.
  class Lane {
   public:
    void Begin(Direction direction, Endpoint peer, Duration at_most) EXCLUDES(mu_);
    // False when the transfer was cut short. The connection may be closed only after this.
    bool End() EXCLUDES(mu_);

   private:
    friend class TransferWatchdog;
    void CutIfLate(std::uint16_t local_port) EXCLUDES(mu_);

    Mutex mu_;
    std::optional<std::chrono::steady_clock::time_point> deadline_ GUARDED_BY(mu_);
    Direction direction_ GUARDED_BY(mu_) = Direction::kReading;
    Endpoint peer_ GUARDED_BY(mu_);
    bool cut_ GUARDED_BY(mu_) = false;
  };

  // Looks every `interval`.
  explicit TransferWatchdog(Duration interval) : interval_(interval) {}
  ~TransferWatchdog() { Stop(); }
  TransferWatchdog(const TransferWatchdog&) = delete;
  TransferWatchdog& operator=(const TransferWatchdog&) = delete;

  // Any thread. The lane lives as long as the watchdog.
  Lane& AddLane() EXCLUDES(mu_);

  // Once, when the port is known; before that nothing is cut.
  void Start(std::uint16_t local_port);
  void Stop() EXCLUDES(mu_);

 private:
  void Run(std::uint16_t local_port) EXCLUDES(mu_);

  const Duration interval_;
  Mutex mu_;
  CondVar stop_;
  bool stopped_ GUARDED_BY(mu_) = false;
  std::vector<std::unique_ptr<Lane>> lanes_ GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace tocsin::http
