// Ends exchanges with a database server that does not answer: when one has taken too long, its
// socket is shut, and whoever waits for the answer hears that the connection is lost. Timeouts of
// the server itself are of no use where the server stands still.
//
// Synchronises itself; a thread of its own waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace tocsin::evaluator {

class ExchangeWatch {
 public:
  explicit ExchangeWatch(const Clock& clock);
  ~ExchangeWatch();
  ExchangeWatch(const ExchangeWatch&) = delete;
  ExchangeWatch& operator=(const ExchangeWatch&) = delete;

  // While it lives, one exchange is watched.
  class Exchange {
   public:
    // `socket` stays open meanwhile.
    Exchange(ExchangeWatch& watch, int socket, std::chrono::nanoseconds at_most);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

   private:
    ExchangeWatch& watch_;
    std::uint64_t id_;
  };

 private:
  struct Watched {
    int socket;
    std::chrono::nanoseconds deadline;  // Clock::Monotonic
  };

  void Run();

  const Clock& clock_;
  Mutex mu_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mu_) = false;
  // When the thread looks next; whoever has to end sooner wakes it.
  std::chrono::nanoseconds wakes_at_ GUARDED_BY(mu_) = std::chrono::nanoseconds::max();
  std::uint64_t last_id_ GUARDED_BY(mu_) = 0;
  std::map<std::uint64_t, Watched> watched_ GUARDED_BY(mu_);  // few at a time
  std::thread thread_;
};

}  // namespace tocsin::evaluator
