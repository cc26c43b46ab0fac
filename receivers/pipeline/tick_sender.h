// TickSender: sends at a group's tick, as Alertmanager does. A message that fails is tried again
// until the flush's deadline, time_limit after the tick; then it is over, and due again at the next
// tick, since the notification log lacks it. Nothing is written down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer_queue.h"
#include "receivers/pipeline/sender.h"

namespace tocsin::receivers {

class TickSender final : public Sender {
 public:
  // At most `max_in_flight` attempts at one integration are under way. `random` gives numbers in
  // [0, 1). Everything referred to outlives the object.
  TickSender(Listener& listener, TimerQueue& timers, const Clock& clock,
             std::function<double()> random, PostAttempt post, std::size_t max_in_flight,
             const Logger& log);
  ~TickSender() override { TickSender::Stop(); }

  // Nothing is ever held from one flush to the next.
  Held Find(const MessageKey& /*key*/) override { return {}; }
  std::vector<Message> Waiting() const override { return {}; }
  void Send(Message message, const GroupIntegrationPtr& integration, Timestamp tick) override;
  void Withdraw(const MessageKey& /*key*/) override {}
  void OnAttemptEnded(std::uint64_t attempt, Outcome outcome, Timestamp now) override;
  // Drops what waits for a retry or its turn: it is due again at the first tick of its new group.
  // What is under way is cancelled; where it arrives all the same, the listener hears of it.
  void Apply(const PipelineGraph& graph) override;
  void Stop() override;

 private:
  // What there is to one integration: a bounded number of attempts under way, and sends that wait
  // for one to end. One receiver that hangs holds up itself alone, and ten thousand groups that
  // come due together are not ten thousand connections.
  struct Lane {
    std::size_t in_flight = 0;
    std::deque<std::uint64_t> line;  // some may be over by their turn
  };
  struct Item {
    Message message;
    GroupIntegrationPtr integration;
    Lane* lane = nullptr;
    Timestamp deadline;
    Timestamp attempt_began;
    std::size_t attempts = 0;
    bool under_way = false;
    TimerQueue::Id timer = 0;
  };

  // Now, or when it is its turn.
  void Attempt(std::uint64_t id);
  void Begin(std::uint64_t id, Item& item);
  // Begins what stands in line, as far as there is room.
  void Advance(Lane& lane);
  // Whether there will be a further attempt.
  bool Retry(std::uint64_t id, Item& item, const Outcome& outcome, Timestamp now);
  // The message is over; the listener hears of it.
  void End(std::uint64_t id, std::optional<Duration> latency, const Outcome& outcome,
           Timestamp now);

  Listener& listener_;
  TimerQueue& timers_;
  const Clock& clock_;
  const std::function<double()> random_;
  const PostAttempt post_;
  const std::size_t max_in_flight_;
  const Logger log_;

  bool stopped_ = false;
  std::unordered_map<std::uint64_t, std::unique_ptr<Item>> items_;
  std::uint64_t last_id_ = 0;
  std::map<std::string, Lane> lanes_;  // stay when their integration is gone
};

}  // namespace tocsin::receivers
