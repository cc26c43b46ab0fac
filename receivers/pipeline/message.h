// Message: what one integration is to be told about one group, and what the notification log is to
// know once it has arrived. A value; made by Dispatch, sent by a Sender.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "base/time.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/pipeline/notification_log.h"

namespace tocsin::receivers {

// What messages about one thing to one integration have in common.
struct MessageKey {
  std::string lane;     // the integration: "ops/webhook[0]"
  std::string thread;   // messages of one thread keep their order: the group's key
  std::string log_key;  // of their entry in the notification log
  friend bool operator==(const MessageKey&, const MessageKey&) = default;
};

struct Message {
  MessageKey key;
  GroupNotification notification;
  AlertHashes firing;     // told as firing
  AlertHashes resolved;   // told as resolved
  AlertHashes known;      // fires, is muted, and was told before
  AlertHashes due_again;  // fires, is muted, and is to be told again
  Duration repeat_interval{0};
  Duration time_limit{0};   // for an attempt; and at the tick's sender for all of them
  std::uint64_t group = 0;  // of this process; 0: none has claimed it
  std::chrono::nanoseconds accepted{
      0};  // monotonic: when what it is about was handed over; 0: not known

  // That somebody deals with its alerts is all it says. Nothing was announced, and nobody's
  // knowledge of what fires is another.
  bool is_acknowledgement() const {
    return !notification.alerts.empty() && notification.alerts.front().acknowledged != nullptr;
  }
  bool SaysTheSame(const Message& other) const {
    return firing == other.firing && resolved == other.resolved;
  }
};

}  // namespace tocsin::receivers
