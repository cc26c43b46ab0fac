#include "receivers/outbox/outbox.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/outbox_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::BadRequest;
using tocsin::testing::MetricValue;
using tocsin::testing::NotFound;
using tocsin::testing::RateLimited;
using tocsin::testing::TimedOut;
using tocsin::testing::Unavailable;
using tocsin::testing::Wire;
using tocsin::testing::WireGraph;
using tocsin::testing::WireReceiver;

using Strings = std::vector<std::string>;
using World = OutboxWorld;

// ---- order

TEST(Outbox, SendsNothingBeforeItsRowIsCommitted) {
  World world;
  world.Put(Fires("e1"));
  EXPECT_EQ(world.sent(), 0U);
  world.Commit();
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1"}));
}

TEST(Outbox, SendsNothingBeforeItIsStarted) {
  World before;
  before.Add(Fires("e1"));
  testing::FakeClock clock;
  TimerQueue timers(clock);
  World elsewhere;  // the listener
  MetricRegistry metrics;
  Wire wire;
  Outbox outbox(
      {}, elsewhere, timers, clock, [] { return 0.0; }, [](std::uint64_t, const Outcome&) {},
      Logger(elsewhere.log, "outbox"), metrics);
  ASSERT_TRUE(outbox
                  .Restore(
                      before.store, [](const Message&) {}, clock.Now())
                  .ok());
  outbox.Apply(*WireGraph(wire, {{"ops"}}));
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

TEST(Outbox, HasOneAttemptUnderWayForEachThreadAndReceiver) {
  World world;
  world.Add(Ends("e1"), 2);
  world.Add(Fires("e2"));
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-resolved-2"}));
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-resolved-2", "ops e2-firing-1"}));
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
                          "e1-resolved-2/ops/wire overtaken", "e2-firing-1/ops/wire delivered 1"));
  EXPECT_FALSE(world.waits());
  EXPECT_THAT(world.stored(), IsEmpty());
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

TEST(Outbox, HoldsThreeRowsForAnAlertThatFlapsWhileTheReceiverIsDown) {
  World world;
  world.Add(Ends("e0"), 2);
  for (int i = 1; i < 50; ++i) world.Add(Fires("e" + std::to_string(i)));
  EXPECT_LE(world.outbox.counts().pending, 3U);
  EXPECT_LE(world.stored().size(), 3U);
}

TEST(Outbox, SaysHowItStandsWithAMessage) {
  World world;
  const MessageKey key = MakeMessage(Fires("e1"), 1, "ops").key;
  EXPECT_EQ(world.outbox.Find(key).standing, Sender::Standing::kNothing);
  world.Add(Fires("e1"));
  EXPECT_EQ(world.outbox.Find(key).standing, Sender::Standing::kOpen);
  world.Answer(0, Unavailable());
  EXPECT_EQ(world.outbox.Find(key).standing, Sender::Standing::kWaits);
  EXPECT_FALSE(world.outbox.Find(key).given_up);
  world.Advance(seconds(1));
  world.Answer(1, NotFound());
  EXPECT_EQ(world.outbox.Find(key).standing, Sender::Standing::kWaits);
  EXPECT_TRUE(world.outbox.Find(key).given_up);
  world.Advance(minutes(15));
  world.Answer(2, Outcome::Delivered());
  EXPECT_EQ(world.outbox.Find(key).standing, Sender::Standing::kNothing);
}

TEST(Outbox, WithdrawsWhatWaitsUnderAKeyButNotWhatIsUnderWay) {
  World world;
  const MessageKey key = MakeMessage(Fires("e1"), 1, "ops").key;
  world.Add(Fires("e1"));
  world.outbox.Withdraw(key);
  EXPECT_EQ(world.outbox.counts().pending, 1U);
  world.Answer(0, Unavailable());
  MessageKey other = key;
  other.log_key = "ops/other";
  world.outbox.Withdraw(other);
  EXPECT_EQ(world.outbox.counts().pending, 1U);
  world.outbox.Withdraw(key);
  EXPECT_EQ(world.outbox.counts().pending, 0U);
  EXPECT_EQ(world.events.back(), "e1-firing-1/ops/wire superseded");
  EXPECT_FALSE(world.waits());
  world.Commit();
  EXPECT_THAT(world.stored(), IsEmpty());
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
  ASSERT_EQ(world.stored().size(), 1U);
  const Result<OutboxRow> row = ParseRow(world.stored().begin()->second);
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
  EXPECT_THAT(world.stored(), IsEmpty());
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

// ---- dead letters

TEST(Outbox, ANewRowTakesThePlaceOfADeadLetterWhichStaysInTheList) {
  World world;
  world.Add(Ends("e1"), 2);
  world.AnswerLast(NotFound());
  world.Add(Fires("e2"));
  EXPECT_EQ(world.wire.told().back(), "ops e2-firing-1");
  world.AnswerLast(Outcome::Delivered());
  ASSERT_EQ(world.outbox.DeadLetterRows().size(), 1U);
  EXPECT_EQ(NameOf(world.outbox.DeadLetterRows()[0].message), "e1-resolved-2/ops/wire");
  EXPECT_EQ(world.outbox.DeadLetterRows()[0].last_error, "HTTP status 404");
  EXPECT_EQ(world.stored().size(), 1U);
}

TEST(Outbox, SendsADeadLetterAgainWhenAskedTo) {
  World world;
  world.Add(Fires("e1"));
  world.AnswerLast(BadRequest());
  const std::uint64_t number = world.outbox.DeadLetterRows().at(0).sequence;
  EXPECT_EQ(world.outbox.Resend(number + 1), Outbox::Resent::kUnknown);
  EXPECT_EQ(world.outbox.Resend(number), Outbox::Resent::kTried);
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.AnswerLast(Outcome::Delivered());
  EXPECT_THAT(world.outbox.DeadLetterRows(), IsEmpty());
  EXPECT_THAT(world.stored(), IsEmpty());
}

TEST(Outbox, SendsADeadLetterAgainWhosePlaceWasTakenAlsoAfterARestart) {
  World before;
  before.Add(Ends("e1"), 2);
  before.AnswerLast(NotFound());
  before.Add(Fires("e2"));
  before.AnswerLast(Outcome::Delivered());
  World world({{"ops"}}, {}, before.store.tables());
  EXPECT_EQ(world.sent(), 0U);
  ASSERT_EQ(world.outbox.DeadLetterRows().size(), 1U);
  const std::uint64_t number = world.outbox.DeadLetterRows()[0].sequence;
  EXPECT_EQ(world.outbox.Resend(number), Outbox::Resent::kTried);
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-resolved-2"}));
  world.AnswerLast(NotFound());
  ASSERT_EQ(world.outbox.DeadLetterRows().size(), 1U);  // still there
  EXPECT_EQ(world.outbox.counts().pending, 0U);
  EXPECT_EQ(world.outbox.Resend(number), Outbox::Resent::kTried);
  world.AnswerLast(Outcome::Delivered());
  EXPECT_THAT(world.outbox.DeadLetterRows(), IsEmpty());
  EXPECT_THAT(world.stored(), IsEmpty());
}

TEST(Outbox, DoesNotSendADeadLetterToAReceiverThatIsGone) {
  World world({{"ops"}, {"dev"}});
  world.Add(Fires("e1"));
  world.AnswerLast(NotFound());
  world.Configure({{"dev"}});
  ASSERT_EQ(world.outbox.DeadLetterRows().size(), 1U);
  EXPECT_EQ(world.outbox.Resend(world.outbox.DeadLetterRows()[0].sequence),
            Outbox::Resent::kReceiverGone);
  EXPECT_EQ(world.sent(), 1U);
}

TEST(Outbox, KeepsDeadLettersForAWeek) {
  World world;
  world.Add(Ends("e1"), 2);
  world.AnswerLast(NotFound());
  world.Add(Fires("e2"));
  world.AnswerLast(Outcome::Delivered());
  world.Advance(hours(24 * 7 - 1));
  world.outbox.Prune(world.clock.Now());
  EXPECT_EQ(world.outbox.DeadLetterRows().size(), 1U);
  world.Advance(hours(1));
  world.outbox.Prune(world.clock.Now());
  world.Commit();
  EXPECT_THAT(world.outbox.DeadLetterRows(), IsEmpty());
  EXPECT_THAT(world.stored(), IsEmpty());
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
  EXPECT_EQ(world.outbox.counts().pending, 2U);
  world.Answer(2, Outcome::Delivered());
  world.Answer(3, Outcome::Delivered());
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
  EXPECT_THAT(world.stored(), IsEmpty());
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
  EXPECT_THAT(world.stored(), IsEmpty());
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
  WireReceiver ops{"ops"};
  ops.limits.concurrency = 3;
  World world({ops});
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
  WireReceiver hangs{"hangs"};
  hangs.limits.concurrency = 2;
  World world({hangs, {"works"}});
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

TEST(Outbox, SendsRestoredRowsAgainAndNamesThoseThatMayHaveArrived) {
  World before;
  before.Add(Fires("e1", "web-1"));
  before.Add(Fires("e2", "web-2"));
  before.Answer(1, BadRequest());
  World world({{"ops"}}, {}, before.store.tables());
  EXPECT_EQ(world.in_doubt, Strings({"e1-firing-1/ops/wire"}));
  EXPECT_EQ(world.wire.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.outbox.counts().dead, 1U);
}

TEST(Outbox, NumbersNewRowsAfterRestoredOnes) {
  World before;
  before.clock.Advance(hours(1));
  before.Add(Fires("e1", "web-1"));
  World world({{"ops"}}, {}, before.store.tables());  // its clock is an hour behind
  world.Add(Fires("e2", "web-2"));
  ASSERT_EQ(world.stored().size(), 2U);
  EXPECT_EQ(NameOf(ParseRow(world.stored().rbegin()->second)->message), "e2-firing-1/ops/wire");
}

// ---- very many

TEST(Outbox, WritesTheFirstOfVeryManyAheadOfAllElse) {
  World world;
  world.Add(Fires("gone", "web-0"));
  world.Answer(0, Unavailable());
  const std::size_t sent = world.sent();
  for (std::size_t i = 0; i < kMaxRowsInBatch + 2; ++i) {
    world.Put(Fires("e" + std::to_string(i), "host-" + std::to_string(i)));
  }
  world.outbox.Withdraw(MakeMessage(Fires("gone", "web-0"), 1, "ops").key);  // its row is to go
  WriteBatch part;
  ASSERT_TRUE(world.outbox.FlushPart(100, &part));
  ASSERT_EQ(part.operations().size(), kMaxRowsInBatch);
  for (const WriteBatch::Operation& one : part.operations()) EXPECT_TRUE(one.value);
  EXPECT_EQ(NameOf(ParseRow(*part.operations().front().value)->message), "e0-firing-1/ops/wire");
  EXPECT_EQ(world.sent(), sent);
  world.outbox.OnCommitted(100);
  EXPECT_EQ(world.wire.told().at(sent), "ops e0-firing-1");

  WriteBatch rest;
  EXPECT_FALSE(world.outbox.FlushPart(101, &rest));
  EXPECT_TRUE(rest.empty());
  world.outbox.Flush(101, &rest);
  EXPECT_EQ(rest.operations().size(), 3U);  // two rows and what is removed
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
  const AlertPtr alert = Ends("e1");
  OutboxRow row;
  row.message = MakeMessage(alert, 3, "ops");
  row.message.known = {1, 2};
  row.message.due_again = {18'446'744'073'709'551'615U};
  row.message.notification.reason = NotificationReason::kAllAlertsResolved;
  row.message.notification.route_labels = Labels{{"team", "a\xff"}};
  row.message.notification.external_url = "http://tocsin:9095";
  row.message.notification.remembered = {{"ts", "1\xff"}};
  row.message.notification.alerts[0].acknowledged =
      std::make_shared<const AlertAcknowledgement>(AlertAcknowledgement{"anna", "on it"});
  row.sequence = 1'000'000'007;
  row.made_at = testing::FiredAt();
  row.attempts = 5;
  row.dead = true;
  row.payload_refused = true;
  row.last_error = "said \"no\"\n\xff";
  row.last_status = 400;
  row.partly_taken = true;
  const Result<OutboxRow> back = ParseRow(SerializeRow(row));
  ASSERT_TRUE(back.ok()) << back.message();
  EXPECT_EQ(back->key(), "00000000001000000007");
  EXPECT_EQ(back->made_at, row.made_at);
  EXPECT_EQ(back->attempts, 5U);
  EXPECT_TRUE(back->dead);
  EXPECT_TRUE(back->payload_refused);
  EXPECT_FALSE(back->detached());
  EXPECT_EQ(back->last_error, "said \"no\"\n\xef\xbf\xbd");
  EXPECT_EQ(back->last_status, 400);
  EXPECT_TRUE(back->partly_taken);
  const Message& message = back->message;
  EXPECT_EQ(message.key, row.message.key);
  EXPECT_EQ(message.firing, row.message.firing);
  EXPECT_EQ(message.resolved, row.message.resolved);
  EXPECT_EQ(message.known, row.message.known);
  EXPECT_EQ(message.due_again, row.message.due_again);
  EXPECT_EQ(message.repeat_interval, kNoRepeat);
  EXPECT_EQ(message.time_limit, Duration(seconds(10)));
  EXPECT_EQ(message.group, 0U);
  const GroupNotification& told = message.notification;
  EXPECT_EQ(told.receiver, "ops");
  EXPECT_EQ(told.group_key, row.message.notification.group_key);
  EXPECT_EQ(told.group_labels, alert->labels);
  EXPECT_EQ(told.route_labels, (Labels{{"team", "a\xef\xbf\xbd"}}));
  EXPECT_EQ(told.reason, NotificationReason::kAllAlertsResolved);
  EXPECT_EQ(told.external_url, "http://tocsin:9095");
  EXPECT_EQ(told.dedup_key, "e1");
  EXPECT_EQ(told.remembered.at("ts"), "1\xef\xbf\xbd");
  EXPECT_EQ(told.flush_number, 3U);
  ASSERT_EQ(told.alerts.size(), 1U);
  EXPECT_TRUE(told.alerts[0].resolved);
  EXPECT_EQ(told.alerts[0].acknowledged->actor, "anna");
  EXPECT_EQ(told.alerts[0].acknowledged->note, "on it");
  EXPECT_EQ(told.alerts[0].alert->hash, EpisodeHash(*alert));
  EXPECT_EQ(SerializeAlert(*told.alerts[0].alert->native), SerializeAlert(*alert));
}

TEST(OutboxRow, RefusesTextOfAnotherMaking) {
  EXPECT_FALSE(ParseRow("").ok());
  EXPECT_FALSE(ParseRow("[1]").ok());
  EXPECT_FALSE(ParseRow(R"({"v":3})").ok());
  EXPECT_FALSE(ParseRow(R"({"v":2,"message":{}})").ok());
  OutboxRow row;
  row.message = MakeMessage(Fires("e1"), 1, "ops");
  row.message.notification.alerts.clear();
  EXPECT_FALSE(ParseRow(SerializeRow(row)).ok());
}

}  // namespace
}  // namespace tocsin::receivers
