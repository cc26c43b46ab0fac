// The announcer with everything around it that a process has: the store, the clock, the receivers,
// and the loop of its owner. Restart() is kill -9 and a new start, with nothing left but what is
// durable and what the receivers have seen.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "receivers/announcer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {

class AnnouncerWorld {
 public:
  explicit AnnouncerWorld(std::vector<testing::WireReceiver> receivers = {{"ops"}},
                          AnnouncerOptions options = {})
      : options_(options), receivers_(std::move(receivers)) {
    Start();
  }

  // ---- what happens to it

  void Offer(const std::vector<AlertPtr>& alerts) {
    process_->announcer.Offer(alerts, clock.Monotonic(), clock.Now());
    Pump();
  }
  void Offer(AlertPtr alert) { Offer(std::vector<AlertPtr>{std::move(alert)}); }
  void Advance(Duration by) {
    clock.Advance(by);
    Pump();
  }
  void Answer(std::size_t i, Outcome outcome) {
    wire.Answer(i, std::move(outcome));
    Pump();
  }
  void AnswerAll(const Outcome& outcome) {
    wire.AnswerAll(outcome);
    Pump();
  }
  void Configure(std::vector<testing::WireReceiver> receivers) {
    receivers_ = std::move(receivers);
    process_->announcer.ApplyReceivers(testing::WireReceivers(wire, receivers_), clock.Now());
    Pump();
  }
  // From now on nothing becomes durable until Commit().
  void HoldCommits() { hold_commits_ = true; }
  void Commit() {
    hold_commits_ = false;
    Pump();
  }
  void FailCommits() {
    store_->FailAll("disk full");
    Pump();
  }
  // Overwrites a durable row behind the announcer's back.
  void Spoil(StateTable table, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(table, key, value);
    store_->Submit(std::move(batch), nullptr);
    store_->CommitAll();
  }
  // Kills the process and starts another one, to which the rule engine offers what it knows.
  void Restart(const std::vector<AlertPtr>& known_to_engine) {
    Kill();
    Start();
    Offer(known_to_engine);
    process_->announcer.EngineRestored();
    Pump();
  }
  // Kills it when what was held is durable and nobody knows it yet.
  void KillAfterCommit() {
    store_->CommitAll();
    Kill();
  }
  void Kill() {
    process_.reset();
    hold_commits_ = false;
    store_ = std::make_unique<testing::MemoryStateStore>(false, store_->tables());
  }

  // ---- what is seen of it

  std::vector<std::string> told() const { return wire.told(); }
  AnnouncementView View(const std::string& id) const {
    return process_->board.Episode(id).value_or(AnnouncementView{});
  }
  // "ops delivered 1", "ops retrying 2 HTTP status 503"
  std::vector<std::string> Receipts(const std::string& id) const {
    std::vector<std::string> receipts;
    for (const ChannelDelivery& delivery : View(id).channels) {
      std::string text =
          fmt::format("{} {} {}", delivery.receiver, delivery.last_outcome, delivery.attempts);
      if (!delivery.last_error.empty()) text += " " + delivery.last_error;
      receipts.push_back(std::move(text));
    }
    return receipts;
  }
  OutboxCounts outbox() const { return process_->board.Outbox(); }
  std::vector<ReceiverView> receivers() const { return process_->board.Receivers(); }
  std::uint64_t delivered_within_day() const {
    return process_->board.DeliveredWithinDay(clock.Now());
  }
  bool busy() const { return process_->announcer.busy(); }
  double Metric(const std::string& name,
                const std::map<std::string, std::string>& labels = {}) const {
    return testing::MetricValue(process_->registry, name, labels);
  }
  std::map<std::string, std::string> Stored(StateTable table) const {
    return store_->tables()[table];
  }
  std::size_t LinesWith(const std::string& text) const {
    std::size_t lines = 0;
    for (const std::string& line : log.lines()) lines += line.find(text) != std::string::npos;
    return lines;
  }

  testing::FakeClock clock{testing::FiredAt()};
  testing::Wire wire;
  testing::RecordingLogSink log;
  std::vector<std::string> announced;  // what on_announced heard
  std::string muted_host = "nobody";   // alerts of which are muted

 private:
  using Event = std::function<void(Announcer&, Timestamp)>;

  // They outlive their process: a receiver may answer one that is gone.
  static AnnouncerPosts Posts(const std::shared_ptr<std::deque<Event>>& queue) {
    AnnouncerPosts posts;
    posts.attempt_ended = [queue](std::uint64_t attempt, const Outcome& outcome) {
      queue->push_back([attempt, outcome](Announcer& announcer, Timestamp now) {
        announcer.OnAttemptEnded(attempt, outcome, now);
      });
    };
    posts.committed = [queue](std::uint64_t ticket, bool durable) {
      queue->push_back([ticket, durable](Announcer& announcer, Timestamp now) {
        announcer.OnCommitted(ticket, durable, now);
      });
    };
    return posts;
  }

  struct Process {
    explicit Process(AnnouncerWorld& world)
        : announcer(
              world.options_, testing::WireReceivers(world.wire, world.receivers_), *world.store_,
              world.clock, [] { return 0.0; }, Posts(queue),
              [&world](const std::string& id, Timestamp) { world.announced.push_back(id); },
              [&world](LabelsView labels, Timestamp) {
                return !labels.empty() && labels.Get("host") == world.muted_host;
              },
              board, Logger(world.log, "announcer"), registry) {}

    std::shared_ptr<std::deque<Event>> queue = std::make_shared<std::deque<Event>>();
    MetricRegistry registry;
    Board board;
    Announcer announcer;
  };

  void Start() {
    process_ = std::make_unique<Process>(*this);
    const Status restored = process_->announcer.Restore(clock.Now());
    EXPECT_TRUE(restored.ok());
    process_->announcer.Start();
    Pump();
  }
  // The owner's loop, until nothing is left to do at this time.
  void Pump() {
    std::deque<Event>& queue = *process_->queue;
    do {
      while (!queue.empty()) {
        const Event event = std::move(queue.front());
        queue.pop_front();
        event(process_->announcer, clock.Now());
      }
      process_->announcer.RunDue();
      process_->announcer.Flush(clock.Now());
      if (!hold_commits_) store_->CommitAll();
    } while (!queue.empty());
  }

  const AnnouncerOptions options_;
  std::vector<testing::WireReceiver> receivers_;
  bool hold_commits_ = false;
  std::unique_ptr<testing::MemoryStateStore> store_ =
      std::make_unique<testing::MemoryStateStore>(false);
  std::unique_ptr<Process> process_;
};

}  // namespace tocsin::receivers
