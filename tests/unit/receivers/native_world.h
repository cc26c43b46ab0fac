// Alerts of our own rules on their way to receivers of tocsin.yml, with everything around that a
// process has: the store, the clock, the receivers, and the loop of the owning thread. Restart() is
// kill -9 and a new start, with nothing left but what is durable and what the receivers have seen.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/matcher_text.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/alerts/native_alert.h"
#include "receivers/outbox/outbox.h"
#include "receivers/pipeline/dispatch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_state_store.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {

struct NativeWorldOptions {
  DispatchOptions dispatch;
  OutboxOptions outbox;
  DeliveryBookOptions book;
};

class NativeWorld {
 public:
  explicit NativeWorld(std::vector<testing::WireReceiver> receivers = {{"ops"}},
                       NativeWorldOptions options = {})
      : options_(std::move(options)), receivers_(std::move(receivers)) {
    Start();
  }

  // ---- what happens to it

  void Offer(const std::vector<AlertPtr>& alerts) {
    std::vector<PostedAlert> posted;
    for (const AlertPtr& alert : alerts) posted.push_back(MakeNativeAlert(alert, ""));
    process_->dispatch.Accept(process_->alerts.Put(std::move(posted)), clock.Monotonic(),
                              clock.Now());
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
    process_->dispatch.Apply(testing::WireGraph(wire, receivers_), process_->alerts.All(),
                             clock.Now());
    Pump();
  }
  // Silences the alerts of a host.
  void Mute(const std::string& host) {
    Silence silence;
    silence.matchers =
        ParseMatcherList(fmt::format("host=\"{}\"", host), MatcherDialect::kFallback)->matchers;
    silence.starts_at = clock.Now();
    silence.ends_at = clock.Now() + std::chrono::hours(1000);
    EXPECT_FALSE(process_->silences.Set(silence, clock.Now(), &muted_by_, nullptr));
  }
  void Unmute() { EXPECT_TRUE(process_->silences.Expire(muted_by_, clock.Now(), nullptr)); }
  Outbox::Resent Resend(std::uint64_t dead_letter) {
    const Outbox::Resent resent = process_->outbox.Resend(dead_letter);
    Pump();
    return resent;
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
  // Overwrites a durable row behind the process's back.
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
    process_->dispatch.EngineRestored(clock.Now());
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
  void Prune() {
    process_->book.Prune(clock.Now());
    process_->outbox.Prune(clock.Now());
    process_->log_entries.ForgetExpired(clock.Now());
    Pump();
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
  OutboxCounts outbox() const { return process_->outbox.counts(); }
  std::vector<OutboxRow> DeadLetters() const { return process_->outbox.DeadLetterRows(); }
  std::vector<ReceiverView> receivers() const { return process_->outbox.ReceiverViews(); }
  std::vector<GroupView> Groups() const { return process_->dispatch.Views(); }
  Explanation Explain(const AlertPtr& alert) const {
    return process_->dispatch.Explain(MakeNativeAlert(alert, ""), clock.Now());
  }
  std::uint64_t delivered_within_day() const {
    return process_->board.DeliveredWithinDay(clock.Now());
  }
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

 private:
  using Event = std::function<void(NativeWorld&)>;

  struct Process {
    explicit Process(NativeWorld& world)
        : timers(world.clock),
          alerts(registry),
          silences({}, *world.store_, [&world] { return fmt::format("s{}", ++world.silences_); }),
          dispatch(world.options_.dispatch, silences, log_entries, timers, world.clock,
                   Logger(world.log, "dispatcher"), registry),
          book(world.options_.book, board, Logger(world.log, "dispatcher")),
          outbox(
              world.options_.outbox, dispatch, timers, world.clock, [] { return 0.0; },
              // It outlives its process: a receiver may answer one that is gone.
              [queue = queue](std::uint64_t attempt, const Outcome& outcome) {
                queue->push_back([attempt, outcome](NativeWorld& w) {
                  w.process_->outbox.OnAttemptEnded(attempt, outcome, w.clock.Now());
                });
              },
              Logger(world.log, "outbox"), registry) {
      dispatch.SendThrough(outbox, &book);
    }

    std::shared_ptr<std::deque<Event>> queue = std::make_shared<std::deque<Event>>();
    MetricRegistry registry;
    Board board;
    TimerQueue timers;
    AlertStore alerts;
    NotificationLog log_entries;
    Silences silences;
    Dispatch dispatch;
    DeliveryBook book;
    Outbox outbox;
    std::uint64_t ticket = 0;
  };

  void Start() {
    process_ = std::make_unique<Process>(*this);
    Process& p = *process_;
    EXPECT_TRUE(p.silences.Restore().ok());
    EXPECT_TRUE(p.log_entries.Restore(*store_, clock.Now()).ok());
    EXPECT_TRUE(p.book.Restore(*store_).ok());
    const auto in_doubt = [&](const Message& message) {
      p.dispatch.OnInDoubt(message, clock.Now());
      p.book.OnRestored(message, clock.Now());
    };
    EXPECT_TRUE(p.outbox.Restore(*store_, in_doubt, clock.Now()).ok());
    p.dispatch.Apply(testing::WireGraph(wire, receivers_), {}, clock.Now());
    p.outbox.Start();
    Pump();
  }
  // The owner's loop, until nothing is left to do at this time.
  void Pump() {
    std::deque<Event>& queue = *process_->queue;
    do {
      while (!queue.empty()) {
        const Event event = std::move(queue.front());
        queue.pop_front();
        event(*this);
      }
      process_->timers.RunDue();
      Flush();
      if (!hold_commits_) store_->CommitAll();
    } while (!queue.empty());
  }
  void Flush() {
    Process& p = *process_;
    WriteBatch batch;
    p.log_entries.Flush(&batch);
    p.book.Flush(++p.ticket, &batch);
    p.outbox.Flush(p.ticket, &batch);
    if (batch.empty()) return;
    store_->Submit(std::move(batch), [queue = p.queue, ticket = p.ticket](const Status&) {
      queue->push_back([ticket](NativeWorld& w) {
        w.process_->book.OnCommitted(ticket, w.clock.Now());
        w.process_->outbox.OnCommitted(ticket);
      });
    });
  }

  const NativeWorldOptions options_;
  std::vector<testing::WireReceiver> receivers_;
  bool hold_commits_ = false;
  int silences_ = 0;
  std::string muted_by_;
  std::unique_ptr<testing::MemoryStateStore> store_ =
      std::make_unique<testing::MemoryStateStore>(false);
  std::unique_ptr<Process> process_;
};

}  // namespace tocsin::receivers
