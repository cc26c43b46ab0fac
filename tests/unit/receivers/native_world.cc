#include "tests/unit/receivers/native_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>

#include "base/matcher_text.h"
#include "receivers/alerts/alert_store.h"
#include "receivers/alerts/native_alert.h"
#include "tests/support/memory_state_store.h"

namespace tocsin::receivers {

struct NativeWorld::Process {
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

NativeWorld::NativeWorld(std::vector<testing::WireReceiver> receivers, NativeWorldOptions options)
    : options_(std::move(options)),
      receivers_(std::move(receivers)),
      store_(std::make_unique<testing::MemoryStateStore>(false)) {
  Start();
}

NativeWorld::~NativeWorld() = default;

// ---- what happens to it

void NativeWorld::Offer(const std::vector<AlertPtr>& alerts) {
  std::vector<PostedAlert> posted;
  for (const AlertPtr& alert : alerts) posted.push_back(MakeNativeAlert(alert, ""));
  process_->dispatch.Accept(process_->alerts.Put(std::move(posted)), clock.Monotonic(),
                            clock.Now());
  Pump();
}

void NativeWorld::Advance(Duration by) {
  clock.Advance(by);
  Pump();
}

void NativeWorld::Answer(std::size_t i, Outcome outcome) {
  wire.Answer(i, std::move(outcome));
  Pump();
}

void NativeWorld::AnswerAll(const Outcome& outcome) {
  wire.AnswerAll(outcome);
  Pump();
}

void NativeWorld::Configure(std::vector<testing::WireReceiver> receivers) {
  receivers_ = std::move(receivers);
  process_->dispatch.Apply(testing::WireGraph(wire, receivers_), process_->alerts.All(),
                           clock.Now());
  Pump();
}

void NativeWorld::Mute(const std::string& host) {
  Silence silence;
  silence.matchers =
      ParseMatcherList(fmt::format("host=\"{}\"", host), MatcherDialect::kFallback)->matchers;
  silence.starts_at = clock.Now();
  silence.ends_at = clock.Now() + std::chrono::hours(1000);
  EXPECT_FALSE(process_->silences.Set(silence, clock.Now(), &muted_by_, nullptr));
}

void NativeWorld::Unmute() {
  EXPECT_TRUE(process_->silences.Expire(muted_by_, clock.Now(), nullptr));
}

Outbox::Resent NativeWorld::Resend(std::uint64_t dead_letter) {
  const Outbox::Resent resent = process_->outbox.Resend(dead_letter);
  Pump();
  return resent;
}

void NativeWorld::Commit() {
  hold_commits_ = false;
  Pump();
}

void NativeWorld::FailCommits() {
  store_->FailAll("disk full");
  Pump();
}

void NativeWorld::Spoil(StateTable table, const std::string& key, const std::string& value) {
  WriteBatch batch;
  batch.Put(table, key, value);
  store_->Submit(std::move(batch), nullptr);
  store_->CommitAll();
}

void NativeWorld::Restart(const std::vector<AlertPtr>& known_to_engine) {
  Kill();
  Start();
  Offer(known_to_engine);
  process_->dispatch.EngineRestored(clock.Now());
  Pump();
}

void NativeWorld::KillAfterCommit() {
  store_->CommitAll();
  Kill();
}

void NativeWorld::Kill() {
  process_.reset();
  hold_commits_ = false;
  store_ = std::make_unique<testing::MemoryStateStore>(false, store_->tables());
}

void NativeWorld::Prune() {
  process_->book.Prune(clock.Now());
  process_->outbox.Prune(clock.Now());
  process_->log_entries.ForgetExpired(clock.Now());
  Pump();
}

// ---- what is seen of it

AnnouncementView NativeWorld::View(const std::string& id) const {
  return process_->board.Episode(id).value_or(AnnouncementView{});
}

std::vector<std::string> NativeWorld::Receipts(const std::string& id) const {
  std::vector<std::string> receipts;
  for (const ChannelDelivery& delivery : View(id).channels) {
    std::string text =
        fmt::format("{} {} {}", delivery.receiver, delivery.last_outcome, delivery.attempts);
    if (!delivery.last_error.empty()) text += " " + delivery.last_error;
    receipts.push_back(std::move(text));
  }
  return receipts;
}

OutboxCounts NativeWorld::outbox() const { return process_->outbox.counts(); }

std::vector<OutboxRow> NativeWorld::DeadLetters() const {
  return process_->outbox.DeadLetterRows();
}

std::vector<ReceiverView> NativeWorld::receivers() const {
  return process_->outbox.ReceiverViews();
}

std::vector<GroupView> NativeWorld::Groups() const { return process_->dispatch.Views(); }

Explanation NativeWorld::Explain(const AlertPtr& alert) const {
  return process_->dispatch.Explain(MakeNativeAlert(alert, ""), clock.Now());
}

std::uint64_t NativeWorld::delivered_within_day() const {
  return process_->board.DeliveredWithinDay(clock.Now());
}

double NativeWorld::Metric(const std::string& name,
                           const std::map<std::string, std::string>& labels) const {
  return testing::MetricValue(process_->registry, name, labels);
}

std::map<std::string, std::string> NativeWorld::Stored(StateTable table) const {
  return store_->tables()[table];
}

std::size_t NativeWorld::LinesWith(const std::string& text) const {
  std::size_t lines = 0;
  for (const std::string& line : log.lines()) lines += line.find(text) != std::string::npos;
  return lines;
}

// ---- how it goes on

void NativeWorld::Start() {
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

void NativeWorld::Pump() {
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

void NativeWorld::Flush() {
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

}  // namespace tocsin::receivers
