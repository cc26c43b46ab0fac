// Circuit: whether an endpoint is worth being asked at all. After a few failures in a row that
// are not the fault of one message it opens: then one message at a time is tried, ever more rarely,
// and all the others wait until one has arrived. So a receiver that is down costs a request now and
// then, however many alerts are for it, and gets all that waits as soon as it is back.
//
// A value; its owner's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "receivers/channels/channel.h"
#include "receivers/outbox/backoff.h"

namespace tocsin::receivers {

class Circuit {
 public:
  // So many in a row, of two threads at least: one message may be more than a receiver can take.
  static constexpr std::uint32_t kFailuresToOpen = 5;
  // A receiver that is back waits no longer for the first message.
  static constexpr Duration kLongestPause = std::chrono::seconds(30);

  // How an attempt ended that began then. `random` is in [0, 1). True where the circuit opened or
  // closed by it.
  bool OnAttempt(const Outcome& outcome, const std::string& thread, Timestamp began,
                 const RetryPolicy& policy, double random, Timestamp now);

  bool is_open() const { return open_; }
  // Where it is open: when the next attempt may begin, if none is under way.
  Timestamp next_attempt() const { return next_attempt_; }

 private:
  // Of the receiver, rather than of the message.
  static bool IsOfReceiver(const Outcome& outcome);
  void Close();

  bool open_ = false;
  Timestamp next_attempt_;
  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t pauses_ = 0;    // since it opened
  std::string first_thread_;    // of them
  bool of_several_threads_ = false;
};

}  // namespace tocsin::receivers
