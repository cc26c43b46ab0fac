#include "receivers/outbox/outbox.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/support/fake_clock.h"
#include "tests/support/null_log.h"
#include "tests/support/receiver_builders.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::BadRequest;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::MetricValue;
using tocsin::testing::NotFound;
using tocsin::testing::RateLimited;
using tocsin::testing::Resolved;
using tocsin::testing::TimedOut;
using tocsin::testing::Unavailable;
using tocsin::testing::Wire;
using tocsin::testing::WireReceiver;
using tocsin::testing::WireReceivers;

using Strings = std::vector<std::string>;

// An outbox between a listener, a clock and receivers that are the test's own. What it hands to the
// store is kept in `stored`; commits happen in Commit().
class World : public Outbox::Listener {
 public:
  explicit World(std::vector<WireReceiver> receivers = {{"ops"}}, OutboxOptions options = {})
      : outbox(
            options, *this, timers_, clock, [this] { return random; },
            [this](std::uint64_t attempt, const Outcome& outcome) {
              ended_.emplace_back(attempt, outcome);
            },
            Logger(log, "outbox"), metrics) {
    Configure(receivers);
    outbox.Start();
  }

  void OnAttempt(const OutboxRow& row, const Outcome& outcome, Timestamp) override {
    constexpr const char* kKinds[] = {"delivered", "retry", "give up"};
    events.push_back(
        fmt::format("{} {} {}", row.key(), kKinds[static_cast<int>(outcome.kind)], row.attempts));
  }
  void OnDropped(const OutboxRow& row, Outbox::Dropped why) override {
    events.push_back(row.key() +
                     (why == Outbox::Dropped::kSuperseded ? " superseded" : " orphaned"));
  }

  void Configure(const std::vector<WireReceiver>& receivers) {
    outbox.ApplyReceivers(WireReceivers(wire, receivers));
    Pump();
  }
  OutboxRow Row(const AlertPtr& alert, std::uint32_t flush, const std::string& receiver) const {
    OutboxRow row;
    row.integration = receiver + "/wire";
    row.status = alert->state == AlertState::kResolved ? NotificationStatus::kResolved
                                                       : NotificationStatus::kFiring;
    row.flush_number = flush;
    row.made_at = clock.Now();
    row.alert = alert;
    return row;
  }
  // Adds without a commit.
  void Put(const AlertPtr& alert, std::uint32_t flush = 1, const std::string& receiver = "ops") {
    outbox.Add(Row(alert, flush, receiver),
               std::make_shared<const std::string>(SerializeAlert(*alert)), clock.Monotonic());
  }
  void Commit() {
    WriteBatch batch;
    outbox.Flush(++ticket_, &batch);
    for (const WriteBatch::Operation& op : batch.operations()) {
      if (op.value) {
        stored[op.key] = *op.value;
      } else {
        stored.erase(op.key);
      }
    }
    outbox.OnCommitted(ticket_);
  }
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
  Wire wire;
  testing::RecordingLogSink log;
  MetricRegistry metrics;
  double random = 0;
  Strings events;
  std::map<std::string, std::string> stored;

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

 public:
  Outbox outbox;
};

AlertPtr Fires(const std::string& id, const std::string& host = "web-1") {
  return FiringAlert(CpuUsageRule(), id, host);
}
AlertPtr Ends(const std::string& id, const std::string& host = "web-1") {
  return Resolved(*FiringAlert(CpuUsageRule(), id, host));
}

// ---- order

TEST(Outbox, SendsNothingBeforeItsRowIsCommitted) {
  World world;
  world.Put(Fires("e1"));
  EXPECT_EQ(world.sent(), 0U);
  world.Commit();
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1"}));
}

TEST(Outbox, SendsNothingBeforeItIsStarted) {
  testing::FakeClock clock;
  TimerQueue timers(clock);
  World elsewhere;  // the listener
  MetricRegistry metrics;
  Wire wire;
  Outbox outbox(
      {}, elsewhere, timers, clock, [] { return 0.0; }, [](std::uint64_t, Outcome) {},
      Logger(elsewhere.log, "outbox"), metrics);
  OutboxRow row = elsewhere.Row(Fires("e1"), 1, "ops");
  row.sequence = 7;
  outbox.Restore(row, clock.Now());
  outbox.ApplyReceivers(WireReceivers(wire, {{"ops"}}));
  EXPECT_THAT(wire.told(), IsEmpty());
  outbox.Start();
  EXPECT_EQ(wire.told(), Strings({"ops e1-firing-1"}));
}

TEST(Outbox, BeginsNoAttemptOnceItIsStopped) {
  World world;
  world.outbox.Stop();
  world.Add(Fires("e1"));
  EXPECT_EQ(world.sent(), 0U);
  EXPECT_EQ(world.outbox.counts().pending, 1U);
}

TEST(Outbox, HasOneAttemptUnderWayForEachAlertAndReceiver) {
  World world;
  world.Add(Fires("e1"));
  world.Add(Ends("e1"), 2);
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1"}));
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Outbox, SendsWhatConcernsOtherAlertsMeanwhile) {
  World world;
  world.Add(Fires("e1", "web-1"));
  world.Add(Fires("e2", "web-2"));
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e2-firing-1"}));
}

TEST(Outbox, TriesAnOlderResolutionBeforeTheNextFiringWhenBothAreDue) {
  World world;
  world.Add(Ends("e1"), 2);
  world.Answer(0, Unavailable());
  world.Add(Fires("e2"));  // the receiver may be back: in order, then
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-resolved-2", "ops e1-resolved-2"}));
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.wire.told().back(), "ops e2-firing-1");
}

TEST(Outbox, LetsTheNextAlertPassAResolutionThatTheReceiverChokesOn) {
  World world;
  world.Add(Ends("e1"), 2);
  world.Answer(0, Unavailable());
  world.Add(Fires("e2"));
  world.Answer(1, Unavailable());
  ASSERT_EQ(world.wire.told().back(), "ops e2-firing-1");
  world.AnswerLast(Outcome::Delivered());
  EXPECT_THAT(world.events,
              ElementsAre("e1-resolved-2/ops/wire retry 1", "e1-resolved-2/ops/wire retry 2",
                          "e1-resolved-2/ops/wire superseded", "e2-firing-1/ops/wire delivered 1"));
  EXPECT_FALSE(world.waits());
  EXPECT_THAT(world.stored, IsEmpty());
}

TEST(Outbox, KeepsAResolutionThatIsOwedWhileTheNextFiringFailsToo) {
  World world;
  world.Add(Ends("e1"), 2);
  world.Answer(0, Unavailable());
  world.Add(Fires("e2"));
  world.Answer(1, Unavailable());
  world.Answer(2, Unavailable());
  world.Advance(minutes(1));
  EXPECT_EQ(world.wire.told().at(3), "ops e1-resolved-2");
}

TEST(Outbox, ANewerFiringTakesThePlaceOfAnUndeliveredOlderOne) {
  World world;
  world.Add(Fires("e1"));
  world.Answer(0, Unavailable());
  world.Add(Fires("e2"));
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e2-firing-1"}));
  world.Answer(1, Outcome::Delivered());
  world.Advance(hours(1));
  EXPECT_EQ(world.sent(), 2U);
  EXPECT_THAT(world.events,
              ElementsAre("e1-firing-1/ops/wire retry 1", "e1-firing-1/ops/wire superseded",
                          "e2-firing-1/ops/wire delivered 1"));
}

TEST(Outbox, ANewerFiringWaitsForTheOlderOneUnderWay) {
  World world;
  world.Add(Fires("e1"));
  world.Add(Fires("e1"), 2);
  EXPECT_EQ(world.sent(), 1U);
  world.Answer(0, Unavailable());
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
  world.Answer(1, Outcome::Delivered());
  world.Advance(hours(1));
  EXPECT_EQ(world.sent(), 2U);  // the first one was out of date
}

TEST(Outbox, HoldsThreeRowsForAnAlertThatFlapsWhileTheReceiverIsDown) {
  World world;
  world.Add(Ends("e0"), 2);
  for (int i = 1; i < 50; ++i) world.Add(Fires("e" + std::to_string(i)));
  EXPECT_LE(world.outbox.counts().pending, 3U);
  EXPECT_LE(world.stored.size(), 3U);
}

TEST(Outbox, WithdrawsWhatFiresButNotWhatIsUnderWayNorResolutions) {
  World world;
  const AlertPtr alert = Fires("e1");
  const SlotKey slot{"ops/wire", alert->fingerprint};
  world.Add(alert);
  EXPECT_TRUE(world.outbox.Unsettled(slot, "e1"));
  world.outbox.Withdraw(slot, "e1");
  EXPECT_EQ(world.outbox.counts().pending, 1U);

  world.Answer(0, Unavailable());
  EXPECT_FALSE(world.outbox.Unsettled(slot, "e1"));
  EXPECT_TRUE(world.outbox.HasPending(slot, "e1"));
  world.outbox.Withdraw(slot, "other");
  EXPECT_TRUE(world.outbox.HasPending(slot, "e1"));
  world.outbox.Withdraw(slot, "e1");
  EXPECT_FALSE(world.outbox.HasPending(slot, "e1"));

  world.Add(Ends("e1"), 2);
  world.outbox.Withdraw(slot, "e1");
  EXPECT_TRUE(world.outbox.HasPending(slot, "e1"));
  world.Answer(1, Outcome::Delivered());
  EXPECT_THAT(world.stored, IsEmpty());
}

// ---- retries

TEST(Outbox, RetriesWithADelayThatDoublesUpToALimit) {
  World world;  // random is 0: half of each span
  world.Add(Fires("e1"));
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 11; ++i) {
    world.AnswerLast(Unavailable());
    delays.push_back(world.TimeToNextAttempt().count());
  }
  EXPECT_THAT(delays, ElementsAre(500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 150000,
                                  150000));
}

TEST(Outbox, SpreadsRetriesOverTheUpperHalfOfTheSpan) {
  World world;
  world.random = 0.5;
  world.Add(Fires("e1"));
  world.AnswerLast(Unavailable());
  EXPECT_EQ(world.TimeToNextAttempt(), Duration(750));
}

TEST(Outbox, WaitsAsLongAsTheReceiverAsks) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(RateLimited(seconds(42)));
  EXPECT_EQ(world.TimeToNextAttempt(), Duration(seconds(42)));
}

TEST(Outbox, WaitsNoShorterThanItsOwnDelayAndNoLongerThanAnHour) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(RateLimited(Duration(1)));
  EXPECT_EQ(world.TimeToNextAttempt(), Duration(500));
  world.AnswerLast(RateLimited(hours(1000)));
  EXPECT_EQ(world.TimeToNextAttempt(), Duration(hours(1)));
}

TEST(Outbox, SendsTheSameMessageUnderTheSameKeyEachTime) {
  World world;
  const AlertPtr alert = Fires("e1");
  world.Add(alert);
  world.AnswerLast(Unavailable());
  world.Advance(seconds(1));
  world.AnswerLast(TimedOut());
  world.Advance(seconds(2));
  ASSERT_EQ(world.sent(), 3U);
  for (const Wire::Attempt& attempt : world.wire.attempts) {
    EXPECT_EQ(attempt.notification.IdempotencyKey(), "e1-firing-1");
    EXPECT_EQ(attempt.notification.alerts, std::vector<AlertPtr>{alert});
  }
}

TEST(Outbox, RecordsAttemptsAndErrorsInTheStoredRow) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(Unavailable());
  world.Advance(seconds(1));
  world.AnswerLast(Unavailable());
  ASSERT_EQ(world.stored.size(), 1U);
  const Result<OutboxRow> row = ParseRow(world.stored.at("e1-firing-1/ops/wire"));
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->attempts, 2U);
  EXPECT_EQ(row->last_error, "HTTP status 503");
  EXPECT_FALSE(row->dead);
}

TEST(Outbox, LogsAFailingReceiverOnceAndNotEachAttempt) {
  World world;
  for (int i = 0; i < 5; ++i) {
    world.Add(Fires("e" + std::to_string(i), "web-" + std::to_string(i)));
    world.AnswerLast(Unavailable());
  }
  std::size_t warnings = 0;
  for (const std::string& line : world.log.lines()) {
    warnings += line.find("level=warn") != std::string::npos;
  }
  EXPECT_EQ(warnings, 1U);
}

// ---- giving up

TEST(Outbox, GivesUpADayAfterARowWasMade) {
  World world;
  world.Add(Fires("e1"));
  world.Advance(hours(24) - seconds(1));
  world.AnswerLast(Unavailable());
  EXPECT_EQ(world.outbox.counts().dead, 0U);
  world.Advance(minutes(1));
  world.AnswerLast(Unavailable());
  EXPECT_EQ(world.outbox.counts().dead, 1U);
  EXPECT_EQ(world.events.back(), "e1-firing-1/ops/wire give up 2");
}

TEST(Outbox, TriesADeadLetterEveryQuarterOfAnHourWhileItsAlertFires) {
  World world;
  world.Add(Fires("e1"));
  for (int i = 0; i < 3; ++i) {
    world.AnswerLast(NotFound());
    EXPECT_EQ(world.outbox.counts().dead, 1U);
    EXPECT_EQ(world.outbox.counts().pending, 0U);
    EXPECT_EQ(world.TimeToNextAttempt(), Duration(minutes(15)));
  }
  world.AnswerLast(Outcome::Delivered());
  EXPECT_FALSE(world.waits());
  EXPECT_EQ(world.outbox.counts().dead, 0U);
  EXPECT_THAT(world.stored, IsEmpty());
}

TEST(Outbox, NamesADeadLetterOnceInTheLogWithAdvice) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(NotFound());
  world.Advance(minutes(15));
  world.AnswerLast(NotFound());
  std::vector<std::string> errors;
  for (const std::string& line : world.log.lines()) {
    if (line.find("level=error") != std::string::npos) errors.push_back(line);
  }
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], ::testing::HasSubstr("notification given up"));
  EXPECT_THAT(errors[0], ::testing::HasSubstr("HTTP status 404"));
  EXPECT_THAT(errors[0], ::testing::HasSubstr("advice=\"check the URL\""));
}

TEST(Outbox, TriesARefusedPayloadNotAgainByItself) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(BadRequest());
  EXPECT_FALSE(world.waits());
  world.Advance(hours(48));
  EXPECT_EQ(world.sent(), 1U);
  EXPECT_EQ(world.outbox.counts().dead, 1U);
}

TEST(Outbox, TriesADeadResolutionNotAgainByItself) {
  World world;
  world.Add(Ends("e1"), 2);
  world.AnswerLast(NotFound());
  EXPECT_FALSE(world.waits());
  EXPECT_EQ(world.outbox.counts().dead, 1U);
}

TEST(Outbox, ANewRowTakesThePlaceOfADeadLetter) {
  World world;
  world.Add(Ends("e1"), 2);
  world.AnswerLast(NotFound());
  world.Add(Fires("e2"));
  EXPECT_EQ(world.outbox.counts().dead, 0U);
  EXPECT_EQ(world.wire.told().back(), "ops e2-firing-1");
}

TEST(Outbox, ADeadLetterThatFailsForNowIsRetriedSoonAgain) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(NotFound());
  world.Advance(minutes(15));
  world.AnswerLast(Unavailable());
  EXPECT_EQ(world.outbox.counts().dead, 0U);
  EXPECT_EQ(world.TimeToNextAttempt(), Duration(seconds(1)));
}

// ---- other settings

TEST(Outbox, TriesDeadLettersAnewWhenTheReceiverIsChanged) {
  World world;
  world.Add(Fires("e1", "web-1"));
  world.Add(Ends("e2", "web-2"), 2);
  world.Answer(0, NotFound());
  world.Answer(1, NotFound());
  world.Configure({{"ops", "http://127.0.0.1/a"}});
  EXPECT_EQ(world.sent(), 2U);  // nothing has changed
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  EXPECT_EQ(world.sent(), 4U);
  EXPECT_EQ(world.outbox.counts().dead, 0U);
}

TEST(Outbox, TriesARefusedPayloadAnewWhenTheReceiverIsChanged) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(BadRequest());
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
}

TEST(Outbox, TriesWhatWaitsForItsRetryAtOnceWhenTheReceiverIsChanged) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(RateLimited(hours(1)));
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  EXPECT_EQ(world.sent(), 2U);
  EXPECT_FALSE(world.waits());
}

TEST(Outbox, TriesAtOnceWithTheNewSettingsWhenAnAttemptWithTheOldOnesFails) {
  World world;
  world.Add(Ends("e1"), 2);
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  EXPECT_EQ(world.sent(), 1U);  // the old one is under way
  world.Answer(0, NotFound());
  EXPECT_EQ(world.sent(), 2U);
  EXPECT_EQ(world.outbox.counts().dead, 0U);
  world.Answer(1, NotFound());
  EXPECT_EQ(world.outbox.counts().dead, 1U);
}

TEST(Outbox, BelievesADeliveryWithTheOldSettings) {
  World world;
  world.Add(Fires("e1"));
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.sent(), 1U);
  EXPECT_THAT(world.stored, IsEmpty());
}

TEST(Outbox, DropsTheRowsOfAReceiverThatIsGone) {
  World world({{"ops"}, {"dev"}});
  world.Add(Fires("e1", "web-1"));
  world.Add(Fires("e2", "web-2"));
  world.Add(Fires("e1", "web-1"), 1, "dev");
  world.Answer(0, Unavailable());
  world.Configure({{"dev"}});
  EXPECT_EQ(world.events.back(), "e1-firing-1/ops/wire orphaned");
  world.Answer(1, Unavailable());  // was under way
  world.Answer(2, Outcome::Delivered());
  EXPECT_EQ(world.outbox.counts().pending, 0U);
  EXPECT_THAT(world.stored, IsEmpty());
  EXPECT_FALSE(world.waits());
}

TEST(Outbox, AReceiverThatComesBackWorks) {
  World world;
  world.Configure({});
  world.Configure({{"ops"}});
  world.Add(Fires("e1"));
  EXPECT_EQ(world.sent(), 1U);
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(MetricValue(world.metrics, "alerting_notifications_sent_total",
                        {{"channel", "ops"}, {"outcome", "delivered"}}),
            1);
}

// ---- one receiver and another

TEST(Outbox, BoundsTheAttemptsUnderWayOfEachReceiver) {
  OutboxOptions options;
  options.max_in_flight = 3;
  World world({{"ops"}}, options);
  for (int i = 0; i < 10; ++i)
    world.Add(Fires("e" + std::to_string(i), "web-" + std::to_string(i)));
  EXPECT_EQ(world.sent(), 3U);
  EXPECT_EQ(world.outbox.in_flight(), 3U);
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.wire.told().back(), "ops e3-firing-1");
  world.Answer(0, Unavailable());
  EXPECT_EQ(world.wire.told().back(), "ops e4-firing-1");
  EXPECT_EQ(world.outbox.in_flight(), 3U);
}

TEST(Outbox, SendsAHundredAlertsOfOneBatchAtOnce) {
  World world;
  for (int i = 0; i < 100; ++i)
    world.Put(Fires("e" + std::to_string(i), "web-" + std::to_string(i)));
  world.Commit();
  EXPECT_EQ(world.sent(), 100U);
}

TEST(Outbox, AReceiverThatHangsDelaysNoOther) {
  OutboxOptions options;
  options.max_in_flight = 2;
  World world({{"hangs"}, {"works"}}, options);
  for (int i = 0; i < 20; ++i) {
    const AlertPtr alert = Fires("e" + std::to_string(i), "web-" + std::to_string(i));
    world.Put(alert, 1, "hangs");
    world.Put(alert, 1, "works");
    world.Commit();
    world.AnswerLast(Outcome::Delivered());
    ASSERT_EQ(world.wire.attempts.back().receiver, "works");
  }
  EXPECT_EQ(MetricValue(world.metrics, "alerting_notifications_sent_total",
                        {{"channel", "works"}, {"outcome", "delivered"}}),
            20);
  EXPECT_EQ(MetricValue(world.metrics, "alerting_notifications_sent_total",
                        {{"channel", "hangs"}, {"outcome", "delivered"}}),
            0);
}

// ---- restored rows

TEST(Outbox, ARestoredFiringIsUnsettledUntilItArrives) {
  World world;
  OutboxRow row = world.Row(Fires("e1"), 1, "ops");
  row.sequence = 41;
  const SlotKey slot = SlotOf(row);
  world.outbox.Restore(row, world.clock.Now());
  EXPECT_TRUE(world.outbox.Unsettled(slot, "e1"));
  world.Configure({{"ops", "http://127.0.0.1/b"}});
  world.Answer(0, Unavailable());
  EXPECT_TRUE(world.outbox.Unsettled(slot, "e1"));
  world.Advance(minutes(1));
  world.Answer(1, TimedOut());
  EXPECT_FALSE(world.outbox.Unsettled(slot, "e1"));
}

TEST(Outbox, NumbersNewRowsAfterRestoredOnes) {
  World world;
  OutboxRow row = world.Row(Fires("e1"), 1, "ops");
  row.sequence = 41;
  world.outbox.Restore(row, world.clock.Now());
  world.Put(Fires("e2", "web-2"));
  world.Commit();
  EXPECT_EQ(ParseRow(world.stored.at("e2-firing-1/ops/wire"))->sequence, 42U);
}

// ---- counting

TEST(Outbox, ShowsWhatIsPendingAndWhatIsDead) {
  World world;
  world.Add(Fires("e1", "web-1"));
  world.Add(Fires("e2", "web-2"));
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_outbox_pending"), 2);
  world.Answer(0, Outcome::Delivered());
  world.Answer(1, NotFound());
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_outbox_pending"), 0);
  EXPECT_EQ(MetricValue(world.metrics, "tocsin_outbox_dead"), 1);
}

// ---- rows

TEST(OutboxRow, ComesBackFromTheStoreAsItWas) {
  World world;
  OutboxRow row = world.Row(Ends("e1"), 3, "ops");
  row.sequence = 1'000'000'007;
  row.attempts = 5;
  row.dead = true;
  row.payload_refused = true;
  row.last_error = "said \"no\"\n\xff";
  const Result<OutboxRow> back = ParseRow(SerializeRow(row, SerializeAlert(*row.alert)));
  ASSERT_TRUE(back.ok()) << back.message();
  EXPECT_EQ(back->key(), "e1-resolved-3/ops/wire");
  EXPECT_EQ(back->status, NotificationStatus::kResolved);
  EXPECT_EQ(back->sequence, row.sequence);
  EXPECT_EQ(back->made_at, row.made_at);
  EXPECT_EQ(back->attempts, 5U);
  EXPECT_TRUE(back->dead);
  EXPECT_TRUE(back->payload_refused);
  EXPECT_EQ(back->last_error, "said \"no\"\n\xef\xbf\xbd");
  EXPECT_EQ(SerializeAlert(*back->alert), SerializeAlert(*row.alert));
}

TEST(OutboxRow, RefusesTextOfAnotherMaking) {
  EXPECT_FALSE(ParseRow("").ok());
  EXPECT_FALSE(ParseRow("[1]").ok());
  EXPECT_FALSE(ParseRow(R"({"v":2})").ok());
  EXPECT_FALSE(ParseRow(R"({"v":1,"alert":{}})").ok());
}

}  // namespace
}  // namespace tocsin::receivers
