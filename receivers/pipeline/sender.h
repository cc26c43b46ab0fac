// Sender: the way out. There are two: the tick's (tick_sender.h), as Alertmanager sends, and the
// outbox (outbox/outbox.h), where a message is durable before it is sent.
//
// Belongs to the dispatcher's thread, as its listener does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "receivers/pipeline/group_channel.h"
#include "receivers/pipeline/message.h"

namespace tocsin::receivers {

struct PipelineGraph;

class Sender {
 public:
  enum class Dropped : std::uint8_t {
    kReplaced,      // what is to be said under its key has changed
    kOvertaken,     // a newer message of its thread has arrived, or may have
    kReceiverGone,  // its integration is no longer configured
  };
  // What became of an attempt, or of a message that will not be attempted any more.
  class Listener {
   public:
    virtual ~Listener() = default;
    // An attempt has ended, after `latency`; none: its turn never came. `over`: there will be no
    // further one by itself.
    virtual void OnAttempt(const Message& message, const GroupIntegration& integration,
                           std::optional<Duration> latency, const Outcome& outcome, bool over,
                           Timestamp now) = 0;
    // It will not be sent. Comes from within other calls: must not call the sender.
    virtual void OnDropped(const Message& message, Dropped why) = 0;
    // Whether a message of this group is still worth a further attempt.
    virtual bool Wanted(const Message& message) const = 0;
  };
  // Hands the end of an attempt to the owning thread, which calls OnAttemptEnded. Runs on any
  // thread, perhaps within the sender's own calls: it must only queue.
  using PostAttempt = std::function<void(std::uint64_t attempt, Outcome outcome)>;

  // How it stands with what was to be told under a key.
  enum class Standing : std::uint8_t {
    kNothing,
    kOpen,   // it may be arriving right now: what is next depends on that
    kWaits,  // for its turn, for a retry, or given up
  };
  struct Held {
    Standing standing = Standing::kNothing;
    Message* message = nullptr;  // the newest one; valid until the next call
    bool given_up = false;       // of one that waits: it is a dead letter
    std::uint32_t attempts = 0;
    std::string last_error;
  };

  virtual ~Sender() = default;

  virtual Held Find(const MessageKey& key) = 0;
  // What waits, but for dead letters that newer messages have replaced.
  virtual std::vector<Message> Waiting() const = 0;
  // Takes the place of everything under the same key that waits. REQUIRES: nothing is open there.
  virtual void Send(Message message, const GroupIntegrationPtr& integration, Timestamp tick) = 0;
  // What waits under the key is not sent.
  virtual void Withdraw(const MessageKey& key) = 0;
  virtual void OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) = 0;
  // A new configuration is in force.
  virtual void Apply(const PipelineGraph& graph) = 0;
  // No attempt begins any more.
  virtual void Stop() = 0;
};

}  // namespace tocsin::receivers
