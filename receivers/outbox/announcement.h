// What the APIs show about announcements: plain data, copied out of the dispatcher's board.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace tocsin::receivers {

// One attempt at a message.
struct DeliveryAttempt {
  Timestamp at;
  std::string status;   // what it told: "firing", "resolved"
  std::string outcome;  // "delivered", "retrying", "failed"
  int http_status = 0;  // 0: there was none
  std::string error;    // empty when it was delivered
};

// How one episode fared with one receiver. The outcome is that of the newest notification:
// "pending" (waits for its first attempt), "delivered", "retrying", "failed" (given up), or
// "superseded" (not sent, because something newer took its place).
struct ChannelDelivery {
  std::string receiver;  // "ops"; "ops/webhook" where the receiver has more than one channel
  std::string last_outcome;
  std::uint32_t attempts = 0;                // of all notifications of the episode
  std::string last_error;                    // of the newest attempt; empty when it was delivered
  std::vector<DeliveryAttempt> newest = {};  // the newest attempts, the oldest of them first
};

// How one episode was announced.
struct AnnouncementView {
  std::uint32_t notifications_sent = 0;  // rounds in which at least one channel confirmed delivery
  std::optional<Timestamp> last_notification_at;
  std::vector<ChannelDelivery> channels;
};

struct ReceiverView {
  std::string name;
  std::string health;      // "healthy", "failing", "unused": by the newest attempt of each channel
  std::string last_error;  // empty unless failing
  std::optional<Timestamp> last_attempt_at;
};

struct OutboxCounts {
  std::size_t pending = 0;  // neither delivered nor given up
  std::size_t dead = 0;
};

}  // namespace tocsin::receivers
