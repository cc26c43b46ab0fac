// An outbox with everything around it that is the test's own, and the messages that it is given.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "receivers/alerts/native_alert.h"
#include "receivers/outbox/outbox.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {

// What is told of one episode to one receiver, as Dispatch makes it.
inline Message MakeMessage(const AlertPtr& alert, std::uint32_t flush,
                           const std::string& receiver) {
  FrozenAlert frozen;
  frozen.alert = std::make_shared<const PostedAlert>(MakeNativeAlert(alert, ""));
  frozen.resolved = alert->state == AlertState::kResolved;
  Message message;
  message.key = {receiver + "/wire", "{}:" + alert->labels.ToString(), receiver + "/" + alert->id};
  (frozen.resolved ? message.resolved : message.firing) = {frozen.alert->hash};
  message.notification.receiver = receiver;
  message.notification.group_key = message.key.thread;
  message.notification.group_labels = alert->labels;
  message.notification.alerts = {frozen};
  message.notification.dedup_key = alert->id;
  message.notification.flush_number = flush;
  message.repeat_interval = kNoRepeat;
  message.time_limit = std::chrono::seconds(10);
  return message;
}

// "e1-firing-1/ops/wire"
inline std::string NameOf(const Message& message) {
  const GroupNotification& told = message.notification;
  return IdempotencyKey(told.dedup_key, told.status(),
                        static_cast<std::uint32_t>(told.flush_number)) +
         "/" + message.key.lane;
}

// An outbox between a listener, a clock and receivers that are the test's own. What it hands to the
// store is kept in `store`; commits happen in Commit().
class OutboxWorld : public Sender::Listener {
 public:
  explicit OutboxWorld(std::vector<testing::WireReceiver> receivers = {{"ops"}},
                       OutboxOptions options = {}, testing::MemoryStateStore::Tables tables = {})
      : store(true, std::move(tables)),
        outbox(
            options, *this, timers_, clock, [this] { return random; },
            [this](std::uint64_t attempt, const Outcome& outcome) {
              ended_.emplace_back(attempt, outcome);
            },
            Logger(log, "outbox"), metrics) {
    EXPECT_TRUE(outbox
                    .Restore(
                        store,
                        [this](const Message& message) { in_doubt.push_back(NameOf(message)); },
                        clock.Now())
                    .ok());
    Configure(receivers);
    outbox.Start();
  }

  void OnAttempt(const Message& message, const GroupIntegration& /*integration*/,
                 std::optional<Duration> /*latency*/, const Outcome& outcome, bool /*over*/,
                 Timestamp /*now*/) override {
    constexpr const char* kKinds[] = {"delivered", "retry", "give up"};
    const std::string name = NameOf(message);
    remember[name] = outcome.remember;
    events.push_back(
        fmt::format("{} {} {}", name, kKinds[static_cast<int>(outcome.kind)], ++attempts_[name]));
  }
  void OnDropped(const Message& message, Sender::Dropped why) override {
    constexpr const char* kWhy[] = {" superseded", " overtaken", " orphaned"};
    events.push_back(NameOf(message) + kWhy[static_cast<int>(why)]);
  }
  bool Wanted(const Message& /*message*/) const override { return true; }

  void Configure(const std::vector<testing::WireReceiver>& receivers) {
    outbox.Apply(*testing::WireGraph(wire, receivers));
    Pump();
  }
  // Adds without a commit.
  void Put(const AlertPtr& alert, std::uint32_t flush = 1, const std::string& receiver = "ops") {
    Message message = MakeMessage(alert, flush, receiver);
    message.accepted = clock.Monotonic();
    outbox.Send(std::move(message), nullptr, clock.Now());
  }
  void Commit() {
    WriteBatch batch;
    outbox.Flush(++ticket_, &batch);
    store.Submit(std::move(batch), nullptr);
    outbox.OnCommitted(ticket_);
  }
  std::map<std::string, std::string> stored() { return store.tables()[StateTable::kOutbox]; }
  void Add(const AlertPtr& alert, std::uint32_t flush = 1, const std::string& receiver = "ops") {
    Put(alert, flush, receiver);
    Commit();
  }
  void Answer(std::size_t i, Outcome outcome) {
    wire.Answer(i, std::move(outcome));
    Pump();
  }
  void AnswerLast(Outcome outcome) { Answer(wire.attempts.size() - 1, std::move(outcome)); }
  void Advance(Duration by) {
    clock.Advance(by);
    Pump();
  }
  std::size_t sent() const { return wire.attempts.size(); }
  // How long it waits until the next attempt; clock stands after that.
  Duration TimeToNextAttempt() {
    const std::size_t before = sent();
    const std::optional<Timestamp> due = timers_.next_deadline();
    if (!due) return Duration(-1);
    const Duration wait = *due - clock.Now();
    Advance(wait - Duration(1));
    EXPECT_EQ(sent(), before);
    Advance(Duration(1));
    EXPECT_EQ(sent(), before + 1);
    return wait;
  }
  bool waits() const { return timers_.next_deadline().has_value(); }

  testing::FakeClock clock{testing::FiredAt()};
  testing::Wire wire;
  testing::RecordingLogSink log;
  MetricRegistry metrics;
  double random = 0;
  std::vector<std::string> events;
  std::vector<std::string> in_doubt;
  std::map<std::string, std::map<std::string, std::string>> remember;  // of the last attempts
  testing::MemoryStateStore store;

 private:
  void Pump() {
    do {
      while (!ended_.empty()) {
        auto [attempt, outcome] = std::move(ended_.front());
        ended_.pop_front();
        outbox.OnAttemptEnded(attempt, std::move(outcome), clock.Now());
      }
      timers_.RunDue();
    } while (!ended_.empty());
    Commit();
  }

  TimerQueue timers_{clock};
  std::deque<std::pair<std::uint64_t, Outcome>> ended_;
  std::uint64_t ticket_ = 0;
  std::map<std::string, int> attempts_;

 public:
  Outbox outbox;
};

inline AlertPtr Fires(const std::string& id, const std::string& host = "web-1") {
  return testing::FiringAlert(testing::CpuUsageRule(), id, host);
}
inline AlertPtr Ends(const std::string& id, const std::string& host = "web-1") {
  return testing::Resolved(*testing::FiringAlert(testing::CpuUsageRule(), id, host));
}

}  // namespace tocsin::receivers
