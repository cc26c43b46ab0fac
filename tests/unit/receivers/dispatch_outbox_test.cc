// Groups of posted alerts whose messages go through the outbox: what a flush, a change, a restart
// and a reload mean for what is on its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using testing::BadRequest;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FiredAt;
using ::testing::IsEmpty;
using testing::Named;
using testing::NotFound;
using ::testing::SizeIs;
using testing::TimedOut;
using testing::Unavailable;

using Strings = std::vector<std::string>;

const Outcome kTaken = Outcome::Delivered(200);

// "+A -B" of each attempt that began at `since` or later.
Strings ToldSince(const DispatchWorld& world, Duration since) {
  Strings told;
  for (const DispatchWorld::Attempt& attempt : world.attempts) {
    if (attempt.at < FiredAt() + since) continue;
    std::string text;
    for (const FrozenAlert& frozen : attempt.notification.alerts) {
      if (!text.empty()) text += ' ';
      text += frozen.resolved ? '-' : '+';
      text += frozen.alert->labels.Get("alertname");
    }
    told.push_back(std::move(text));
  }
  return told;
}

std::string KeyOf(const DispatchWorld::Attempt& attempt) {
  const GroupNotification& told = attempt.notification;
  return IdempotencyKey(told.dedup_key, told.status(), told.flush_number);
}

// ---- a newer flush

TEST(DispatchOutbox, ANewerFlushTakesThePlaceOfARowThatIsUndelivered) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(30 * kSecond);
  world.Fire("B");
  world.AdvanceTo(kMinute - Duration(1));
  EXPECT_THAT(ToldSince(world, Duration(0)), Each("+A"));
  world.AdvanceTo(2 * kMinute);
  EXPECT_EQ(world.outbox().pending, 1U);
  EXPECT_THAT(ToldSince(world, kMinute), Each("+A +B"));
  EXPECT_NE(KeyOf(world.attempts.front()), KeyOf(world.attempts.back()));
  world.AnswerWith(kTaken);
  const std::size_t before = world.attempts.size();
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), before + 1);
  EXPECT_EQ(world.attempts.back().notification.reason, NotificationReason::kFirstNotification);
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(DispatchOutbox, ATickWithoutAChangeLeavesTheRowAlone) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(10 * kMinute);
  ASSERT_GT(world.attempts.size(), 8U);  // retries go on beyond the tick
  for (const DispatchWorld::Attempt& attempt : world.attempts) {
    EXPECT_EQ(KeyOf(attempt), KeyOf(world.attempts.front()));
  }
  EXPECT_EQ(world.Metric("notifications_total", {{"integration", "wire"}}), 1);
  world.AnswerWith(kTaken);
  world.AdvanceTo(20 * kMinute);
  const std::size_t attempts = world.attempts.size();
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), attempts);
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(DispatchOutbox, RetriesEndAfterADayAndTheLetterIsTriedEveryQuarterOfAnHour) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(24 * kHour - kMinute);
  EXPECT_EQ(world.outbox().dead, 0U);
  world.AdvanceTo(24 * kHour + 6 * kMinute);
  EXPECT_EQ(world.outbox().dead, 1U);
  EXPECT_EQ(world.outbox().pending, 0U);
  const std::size_t attempts = world.attempts.size();
  world.AdvanceTo(24 * kHour + 6 * kMinute + 45 * kMinute);
  EXPECT_EQ(world.attempts.size(), attempts + 3);
  world.AnswerWith(kTaken);
  world.AdvanceTo(27 * kHour);
  EXPECT_EQ(world.attempts.size(), attempts + 4);
  EXPECT_EQ(world.outbox().dead, 0U);
}

TEST(DispatchOutbox, RetryAfterIsWaitedForAlsoBeyondTheTick) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(testing::RateLimited(150 * kSecond));
  world.Fire("A");
  world.AnswerWith(kTaken);
  world.AdvanceTo(150 * kSecond - Duration(1));
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.AdvanceTo(150 * kSecond);
  EXPECT_THAT(world.attempts, SizeIs(2));
}

// ---- an attempt under way

TEST(DispatchOutbox, ATickWhileAnAttemptIsUnderWayIsPutOffUntilItsEndAndTellsWhatIsNewThen) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(70 * kSecond);
  world.Fire("C");  // between the tick and the answer
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.AdvanceTo(90 * kSecond);
  world.Answer(0, kTaken);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m30s ops/hook: new alerts added: +A +B +C"));
  world.Answer(1, kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(2));
}

TEST(DispatchOutbox, WhereThatAttemptFailsTheNewMessageTakesItsPlace) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(90 * kSecond);
  world.Answer(0, Unavailable());
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m30s ops/hook: first notification: +A +B"));
  EXPECT_EQ(world.outbox().pending, 1U);
  world.Answer(1, kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(2));
}

TEST(DispatchOutbox, ATickThatWasPutOffIsForgottenWhereTheAttemptToldEverything) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.AdvanceTo(5 * kMinute);  // ticks
  world.Answer(0, kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(1));
}

TEST(DispatchOutbox, OneIntegrationThatHangsDoesNotHoldUpTheOther) {
  WireConfig config = EveryMinute();
  config.receivers["ops"] = {{"a"}, {"b"}};
  DispatchWorld world(config, WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.AnswerWith("ops/b", kTaken);
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.told(),
              ElementsAre("0s ops/a: first notification: +A", "0s ops/b: first notification: +A",
                          "1m ops/b: new alerts added: +A +B"));
}

TEST(DispatchOutbox, AnEndWhileTheFiringIsUnderWayIsToldAfterIt) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(90 * kSecond);
  EXPECT_THAT(world.attempts, SizeIs(1));
  EXPECT_THAT(world.Views(), SizeIs(1));  // somebody may be hearing of it
  world.Answer(0, kTaken);
  EXPECT_EQ(world.told().back(), "1m30s ops/hook: all alerts resolved: -A");
  world.Answer(1, kTaken);
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchOutbox, AnEndWhileTheFiringIsUnderWayIsNotToldWhereThatFails) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(90 * kSecond);
  world.AnswerWith(kTaken);
  world.Answer(0, Unavailable());
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(1));
  EXPECT_THAT(world.Views(), IsEmpty());
  EXPECT_EQ(world.outbox().pending, 0U);
}

// ---- what waits is out of date

TEST(DispatchOutbox, AGroupThatResolvesWhileItsMessageWaitsIsNotToldOf) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(30 * kSecond);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  EXPECT_EQ(world.outbox().pending, 0U);
  EXPECT_THAT(world.Views(), IsEmpty());
  const std::size_t attempts = world.attempts.size();
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), attempts);
}

TEST(DispatchOutbox, WhatResolvesBeforeAnybodyHeardOfItStandsBesideTheOthersAsInAlertmanager) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Post({world.Firing(Named("A")), world.Firing(Named("B"))});
  world.AdvanceTo(30 * kSecond);
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(ToldSince(world, kMinute), Each("-A +B"));
  EXPECT_EQ(world.outbox().pending, 0U);
  world.Resolve("B");
  world.AdvanceTo(2 * kHour);
  EXPECT_EQ(world.told().back().substr(world.told().back().find("all")), "all alerts resolved: -B");
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchOutbox, AnAttemptWithUnknownOutcomeCountsAsTold) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(TimedOut());
  world.Fire("A");
  world.AdvanceTo(30 * kSecond);
  world.Resolve("A");
  // The firing gets through no more, and nothing else before the ten minutes are over.
  world.AnswerWith(testing::RateLimited(10 * kMinute));
  world.AdvanceTo(59 * kSecond);
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.told().back(), EndsWith(" ops/hook: all alerts resolved: -A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchOutbox, AnUnknownOutcomeIsRetriedWhileTheAlertFires) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(TimedOut());
  world.Fire("A");
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  ASSERT_THAT(world.attempts, SizeIs(2));
  EXPECT_EQ(KeyOf(world.attempts[0]), KeyOf(world.attempts[1]));
}

TEST(DispatchOutbox, ASilenceTakesBackWhatWaits) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  const std::string id = world.Silence("alertname=A");
  world.AdvanceTo(kMinute);
  EXPECT_EQ(world.outbox().pending, 0U);
  world.AnswerWith(kTaken);
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(ToldSince(world, kMinute), IsEmpty());
  world.Unsilence(id);
  world.AdvanceTo(6 * kMinute);
  EXPECT_THAT(ToldSince(world, kMinute), ElementsAre("+A"));
}

// ---- dead letters

TEST(DispatchOutbox, ADeadLetterIsNotTriedAtTheTickWhereNothingChanged) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  EXPECT_EQ(world.outbox().dead, 1U);
  world.AdvanceTo(15 * kMinute - Duration(1));
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.AdvanceTo(15 * kMinute);
  EXPECT_THAT(world.attempts, SizeIs(2));
  EXPECT_EQ(KeyOf(world.attempts[0]), KeyOf(world.attempts[1]));
}

TEST(DispatchOutbox, ARefusedMessageIsFinal) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(BadRequest());
  world.Fire("A");
  world.AnswerWith(kTaken);
  world.AdvanceTo(5 * kHour);
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.Fire("B");  // another message
  world.AdvanceTo(6 * kHour);
  EXPECT_THAT(ToldSince(world, 5 * kHour), ElementsAre("+A +B"));
}

TEST(DispatchOutbox, ADeadLetterIsSupersededWhenItsGroupChanges) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(kMinute);
  EXPECT_THAT(ToldSince(world, kMinute), ElementsAre("+A +B"));
  const std::vector<OutboxRow> letters = world.DeadLetters();
  ASSERT_THAT(letters, SizeIs(2));  // the newest first
  EXPECT_FALSE(letters[0].detached());
  EXPECT_TRUE(letters[1].detached());
  EXPECT_THAT(letters[1].message.notification.alerts, SizeIs(1));
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(ToldSince(world, 2 * kMinute), ElementsAre("+A +B"));  // the newer one only
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));
  EXPECT_EQ(world.DeadLetters()[0].sequence, letters[1].sequence);
}

TEST(DispatchOutbox, ASupersededLetterIsSentAgainByHandOnlyAndChangesNothingElse) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  world.AnswerWith(kTaken);
  world.Fire("B");
  world.AdvanceTo(kMinute);
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));
  const auto log = world.Log();
  const std::uint64_t letter = world.DeadLetters()[0].sequence;
  world.AnswerWith(NotFound());
  EXPECT_EQ(world.Resend(letter), Outbox::Resent::kTried);
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));  // still one, once more in vain
  EXPECT_EQ(world.DeadLetters()[0].attempts, 2U);
  EXPECT_TRUE(world.DeadLetters()[0].detached());
  world.AnswerWith(kTaken);
  EXPECT_EQ(world.Resend(letter), Outbox::Resent::kTried);
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  EXPECT_THAT(ToldSince(world, kMinute), ElementsAre("+A +B", "+A", "+A"));
  EXPECT_EQ(KeyOf(world.attempts[0]), KeyOf(world.attempts.back()));
  EXPECT_EQ(world.Resend(letter), Outbox::Resent::kUnknown);
  ASSERT_EQ(world.Log().size(), log.size());
  EXPECT_EQ(world.Log().begin()->second.firing, log.begin()->second.firing);
  EXPECT_EQ(world.Log().begin()->second.at, log.begin()->second.at);
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(4));
}

TEST(DispatchOutbox, ALetterWhoseAlertsHaveEndedStaysToBeLookedAt) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  world.Resolve("A");
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.Views(), IsEmpty());
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));
  EXPECT_TRUE(world.DeadLetters()[0].detached());
  world.AdvanceTo(5 * kHour);
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.AdvanceTo(7 * 24 * kHour - kMinute);
  world.Prune();
  EXPECT_THAT(world.DeadLetters(), SizeIs(1));
  world.AdvanceTo(7 * 24 * kHour);
  world.Prune();
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  world.Restart();
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
}

TEST(DispatchOutbox, AnEndThatWasGivenUpIsToldLaterWhileOthersOfItsGroupFire) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Post({world.Firing(Named("A")), world.Firing(Named("B"))});
  world.AnswerWith(NotFound());
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(ToldSince(world, kSecond), ElementsAre("-A +B"));  // a dead letter; B still fires
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  EXPECT_THAT(ToldSince(world, 5 * kMinute), ElementsAre("-A +B"));
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  EXPECT_THAT(world.Views().at(0).alerts, SizeIs(1));
}

TEST(DispatchOutbox, AGroupGoesWhereTheEndOfItsLastAlertIsGivenUp) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Fire("A");
  world.AnswerWith(NotFound());
  world.Resolve("A");
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(ToldSince(world, kSecond), ElementsAre("-A"));
  EXPECT_THAT(world.Views(), IsEmpty());
  EXPECT_THAT(world.DeadLetters(), SizeIs(1));
}

// ---- restarts

TEST(DispatchOutbox, ARowOfAPostedAlertsGroupIsSentAfterARestartWithTheSameKey) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  const PostedAlert a = world.Firing(Named("A"));
  world.Post({a});
  world.AdvanceTo(20 * kSecond);
  const std::size_t before = world.attempts.size();
  world.Restart();
  ASSERT_EQ(world.attempts.size(), before + 1);  // at once
  EXPECT_EQ(KeyOf(world.attempts.back()), KeyOf(world.attempts.front()));
  world.AnswerWith(kTaken);
  world.Post({a});  // senders repeat themselves
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), before + 2);
  EXPECT_EQ(KeyOf(world.attempts.back()), KeyOf(world.attempts.front()));
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(DispatchOutbox, AfterARestartWhatIsNewTakesThePlaceOfTheOldRow) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  const PostedAlert a = world.Firing(Named("A"));
  world.Post({a});
  world.AdvanceTo(20 * kSecond);
  world.Restart();
  world.Post({a, world.Firing(Named("B"))});
  const std::size_t before = world.attempts.size();
  world.AnswerWith(kTaken);
  world.AdvanceTo(kHour);
  ASSERT_EQ(world.attempts.size(), before + 1);
  EXPECT_EQ(ToldSince(world, 20 * kSecond).back(), "+A +B");
  EXPECT_NE(KeyOf(world.attempts.back()), KeyOf(world.attempts.front()));
}

TEST(DispatchOutbox, AnEndAfterARestartIsToldWhereTheFiringMayHaveArrived) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  const PostedAlert a = world.Firing(Named("A"));
  world.Post({a});
  world.AdvanceTo(kSecond);
  world.Restart();  // while the attempt is under way
  PostedAlert over = a;
  over.ends_at = world.clock.Now();
  over.updated_at = world.clock.Now();
  world.Post({over});
  ASSERT_THAT(ToldSince(world, kSecond), ElementsAre("+A"));
  world.AnswerWith(kTaken);
  world.Answer(1, Unavailable());  // the one before it may have been taken all the same
  world.AdvanceTo(kHour);
  EXPECT_THAT(ToldSince(world, kSecond), ElementsAre("+A", "-A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchOutbox, WhatWasDeliveredIsNotSentAgainAfterARestart) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  const PostedAlert a = world.Firing(Named("A"));
  world.Post({a});
  world.Restart();
  world.Post({a});
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.attempts, SizeIs(1));
}

TEST(DispatchOutbox, ADeadLetterIsTriedAfterARestartUnlessItWasRefused) {
  for (const bool refused : {false, true}) {
    DispatchWorld world(EveryMinute(), WithAnOutbox());
    world.AnswerWith(refused ? BadRequest() : NotFound());
    const PostedAlert a = world.Firing(Named("A"));
    world.Post({a});
    world.AnswerWith(kTaken);
    world.Restart();
    world.Post({a});
    world.AdvanceTo(kHour);
    EXPECT_THAT(world.attempts, SizeIs(refused ? 1 : 2));
    EXPECT_EQ(world.outbox().dead, refused ? 1U : 0U);
  }
}

TEST(DispatchOutbox, SupersededLettersOutliveARestart) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  world.AnswerWith(kTaken);
  world.Fire("B");
  world.AdvanceTo(kMinute);
  world.Restart();
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));
  EXPECT_TRUE(world.DeadLetters()[0].detached());
  EXPECT_EQ(world.DeadLetters()[0].last_error, "HTTP status 404");
  EXPECT_THAT(world.attempts, SizeIs(2));
  EXPECT_EQ(world.Resend(world.DeadLetters()[0].sequence), Outbox::Resent::kTried);
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  world.Restart();
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  EXPECT_THAT(world.attempts, SizeIs(3));
}

// ---- reloads

TEST(DispatchOutbox, AReloadTriesWhatWaitsAtOnceAndOnce) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(10 * kSecond);
  const std::size_t before = world.attempts.size();
  world.AnswerWith(kTaken);
  world.Reload(EveryMinute());
  ASSERT_EQ(world.attempts.size(), before + 1);
  EXPECT_EQ(KeyOf(world.attempts.back()), KeyOf(world.attempts.front()));
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), before + 1);
}

TEST(DispatchOutbox, AReloadDropsWhatWaitsForAReceiverThatIsGone) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(10 * kSecond);
  WireConfig renamed = EveryMinute();
  renamed.settings.route.receiver = "night";
  renamed.receivers = {{"night", {{}}}};
  world.AnswerWith(kTaken);
  world.Reload(renamed);
  EXPECT_EQ(world.outbox().pending, 0U);
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.told().back(), "10s night/hook: first notification: +A");
  EXPECT_THAT(ToldSince(world, 10 * kSecond), SizeIs(1));
}

TEST(DispatchOutbox, ALetterOfAReceiverThatIsGoneCannotBeSentAgain) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(NotFound());
  world.Fire("A");
  WireConfig renamed = EveryMinute();
  renamed.settings.route.receiver = "night";
  renamed.receivers = {{"night", {{}}}};
  world.AnswerWith(kTaken);
  world.Reload(renamed);
  ASSERT_THAT(world.DeadLetters(), SizeIs(1));
  EXPECT_EQ(world.Resend(world.DeadLetters()[0].sequence), Outbox::Resent::kReceiverGone);
  EXPECT_THAT(world.DeadLetters(), SizeIs(1));
}

TEST(DispatchOutbox, AnAttemptThatFailsAfterAReloadIsRepeatedWithTheNewSettingsAtOnce) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.AdvanceTo(10 * kSecond);
  world.Reload(EveryMinute());
  EXPECT_THAT(world.attempts, SizeIs(1));
  world.AnswerWith(kTaken);
  world.Answer(0, BadRequest());
  world.AdvanceTo(kHour);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "10s ops/hook: first notification: +A"));
  EXPECT_EQ(world.outbox().dead, 0U);
}

TEST(DispatchOutbox, AReloadTriesDeadLettersToo) {
  for (const Outcome& outcome : {NotFound(), BadRequest()}) {
    DispatchWorld world(EveryMinute(), WithAnOutbox());
    world.AnswerWith(outcome);
    world.Fire("A");
    world.AnswerWith(kTaken);
    world.Reload(EveryMinute());
    EXPECT_THAT(world.attempts, SizeIs(2));
    EXPECT_EQ(world.outbox().dead, 0U);
  }
}

// ---- the store

TEST(DispatchOutbox, EveryRowThatIsGoneIsGoneFromTheStoreToo) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.Fire("B");
  world.AdvanceTo(kMinute);  // A's row was replaced
  world.AnswerWith(kTaken);
  world.AdvanceTo(10 * kMinute);
  const std::size_t attempts = world.attempts.size();
  world.Restart();
  world.AdvanceTo(kHour);
  EXPECT_EQ(world.attempts.size(), attempts);
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(DispatchOutbox, WhatWaitsForAGroupThatAReloadHasSplitIsNotSentBesideTheNewGroups) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.EngineRestored();
  world.AnswerWith(Unavailable());
  world.Fire("A");
  world.AdvanceTo(10 * kSecond);
  WireConfig split = EveryMinute();
  split.settings.route.group_by = {"alertname"};
  world.AnswerWith(kTaken);
  world.Reload(split);
  world.AdvanceTo(kHour);
  EXPECT_THAT(ToldSince(world, 10 * kSecond), ElementsAre("+A"));
}

// ---- what channels want to be remembered

using Remembered = std::map<std::string, std::string>;

Outcome TakenAs(const std::string& id) {
  Outcome outcome = kTaken;
  outcome.remember = {{"id", id}};
  return outcome;
}

class DispatchRemembers : public ::testing::TestWithParam<bool> {
 protected:
  static DispatchWorldOptions Ways() {
    DispatchWorldOptions options;
    options.durable = GetParam();
    return options;
  }
  // By the newest attempt.
  const Remembered& remembered() const { return world_.attempts.back().notification.remembered; }

  DispatchWorld world_{EveryMinute(), Ways()};
};

TEST_P(DispatchRemembers, WhatWasSaidLastOfAGroup) {
  world_.AnswerWith(TakenAs("1"));
  world_.Fire("A");
  EXPECT_EQ(remembered(), Remembered());
  world_.AnswerWith(kTaken);  // nothing new
  world_.Fire("B");
  world_.AdvanceTo(kMinute);
  EXPECT_EQ(remembered(), (Remembered{{"id", "1"}}));
  world_.AnswerWith(Unavailable());
  world_.Fire("C");
  world_.AdvanceTo(2 * kMinute);
  EXPECT_EQ(remembered(), (Remembered{{"id", "1"}}));
  world_.AnswerWith(TakenAs("2"));
  world_.AdvanceTo(5 * kMinute);
  world_.Resolve("A");
  world_.AdvanceTo(10 * kMinute);
  EXPECT_EQ(world_.attempts.back().notification.alerts.size(), 3U);
  EXPECT_EQ(remembered(), (Remembered{{"id", "2"}}));
}

TEST_P(DispatchRemembers, OverARestart) {
  world_.AnswerWith(TakenAs("1"));
  world_.Fire("A");
  const PostedAlertPtr before = world_.Views().front().alerts.front();
  world_.Restart();
  world_.Post({*before, world_.Firing(Named("B"))});
  world_.AdvanceTo(5 * kMinute);
  EXPECT_EQ(world_.attempts.size(), 2U);
  EXPECT_EQ(remembered(), (Remembered{{"id", "1"}}));
}

INSTANTIATE_TEST_SUITE_P(BothWays, DispatchRemembers, ::testing::Bool());

}  // namespace
}  // namespace tocsin::receivers
