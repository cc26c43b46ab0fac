// The thread that owns the state machine of alerts, and the queue in front of it.
//
// Whoever appends samples hands signals over and waits until they are dealt with; signals are never
// dropped. All that waits is dealt with in one go and written in one batch, so a hundred alerts
// raised together cost one commit.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "evaluator/lifecycle/lifecycle.h"
#include "evaluator/series/watch.h"

namespace tocsin::evaluator {

class Engine final : public SignalSink {
 public:
  // Everything outlives the engine. The thread starts with Start().
  Engine(Lifecycle& lifecycle, const Clock& clock);
  ~Engine() override;  // stops

  // REQUIRES: Lifecycle::Restore and the first ApplyRules are done; from now on only this thread
  // touches the lifecycle. `on_restored` runs on the engine's thread once the receivers have been
  // offered what an earlier process left; it may be empty.
  void Start(std::function<void()> on_restored = {});
  // Deals with what waits, then ends the thread. Idempotent.
  void Stop();

  // SignalSink. Returns when the state machine has dealt with the signals, so that whoever submits
  // a sample and then asks for alerts sees what came of it. Waits for no disk and no receiver, but
  // for Start(). Signals that come after Stop are dropped: they are judged anew after the restart.
  // REQUIRES: not the engine's thread.
  void Take(std::vector<Signal> signals) override;

  // Commands of people; `done` runs on the store's thread once the change is durable (or could not
  // be written), or on the engine's thread where nothing changes. Any thread.
  using Done = std::function<void(CommandResult)>;
  void Acknowledge(std::string id, AcknowledgeCommand command, Done done);
  void Unacknowledge(std::string id, std::string actor, Done done);
  void Resolve(std::string id, std::string actor, std::string note, Done done);

  // Any thread; applied in the order of all messages.
  void ApplyRules(std::shared_ptr<const RuleIndex> rules, Duration staleness);

  // Calls `done` once every change that anyone could see in the book before this call has its
  // number among the events, which it gets also where it cannot be written: on the store's thread,
  // or never, after Stop. Any thread.
  void WhenNumbered(std::function<void()> done);

  std::size_t waiting() const { return queue_.size(); }
  // For how long the thread has been dealing with what it has taken out of the queue; 0 while it
  // waits for more. Any thread.
  Duration lag() const;

 private:
  using Command = std::function<void(Lifecycle&, Timestamp now)>;
  struct Handover {
    std::vector<Signal> signals;
    // Shared: the thread that waits may be gone before the call that wakes it has returned.
    std::shared_ptr<std::latch> dealt_with;
  };
  using Message = std::variant<Handover, Command>;

  void Run(const std::function<void()>& on_restored);
  void Deal(const Message& message, Timestamp now);

  Lifecycle& lifecycle_;
  const Clock& clock_;
  BoundedQueue<Message> queue_;
  std::atomic<std::int64_t> busy_since_;  // nanoseconds of the monotonic clock; -1: it is idle
  std::thread thread_;
};

}  // namespace tocsin::evaluator
