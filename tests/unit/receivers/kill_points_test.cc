// kill -9 at every point of an announcement's way, and a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/native_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tocsin::testing::Acknowledged;
using tocsin::testing::BadRequest;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::NotFound;
using tocsin::testing::Resolved;
using tocsin::testing::Unavailable;

using Strings = std::vector<std::string>;

// ---- the firing notification

TEST(KilledBeforeTheCommit, TheAlertIsAnnouncedOnceAfterTheRestart) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.HoldCommits();
  world.Offer(alert);
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(KilledBeforeTheCommit, AnAlertThatHasResolvedMeanwhileIsNotAnnounced) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.HoldCommits();
  world.Offer(alert);
  world.Restart({Resolved(*alert)});
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(KilledAfterTheCommitBeforeSending, TheMessageIsSentOnce) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.HoldCommits();
  world.Offer(alert);
  world.KillAfterCommit();
  ASSERT_THAT(world.told(), IsEmpty());
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.AnswerAll(Outcome::Delivered());
  world.Restart({alert});
  EXPECT_EQ(world.told().size(), 1U);
}

TEST(KilledAfterSendingBeforeTheAnswer, TheMessageIsSentAgainUnderTheSameKey) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  EXPECT_EQ(SerializeAlert(*world.wire.attempts.at(1).notification.alerts.at(0)),
            SerializeAlert(*alert));
}

TEST(KilledAfterTheAnswerBeforeItsCommit, TheMessageIsSentAgainUnderTheSameKeyAndThenNeverMore) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.HoldCommits();
  world.Answer(0, Outcome::Delivered());
  world.Restart({alert});
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.Answer(1, Outcome::Delivered());
  world.Restart({alert});
  world.Advance(hours(1));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(KilledAfterTheAnswerWasCommitted, NothingIsSentAgain) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Restart({alert});
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.View("e1").notifications_sent, 1U);
}

TEST(KilledWhileOneReceiverHadAnswered, OnlyTheOtherIsToldAgain) {
  NativeWorld world({{"ops"}, {"dev"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"ops", "dev"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1", "dev e1-firing-1"}));
  world.Answer(0, Outcome::Delivered());
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "dev e1-firing-1", "dev e1-firing-1"}));
}

TEST(KilledWhileARetryWaited, TheMessageIsTriedAgainAndItsAttemptsGoOnCounting) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Unavailable());
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.Answer(1, Outcome::Delivered());
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops delivered 2"));
}

// ---- the resolution

TEST(KilledBeforeTheResolutionWasCommitted, ItIsSentOnceAfterTheRestart) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.HoldCommits();
  world.Offer(Resolved(*alert));
  world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(KilledAfterTheResolutionWasCommittedBeforeSending, ItIsSentOnce) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.HoldCommits();
  world.Offer(Resolved(*alert));
  world.KillAfterCommit();
  world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(KilledAfterTheResolutionWasSent, ItIsSentAgainUnderTheSameKey) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.HoldCommits();
  world.Answer(1, Outcome::Delivered());
  world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e1-resolved-2"}));
}

TEST(KilledAfterTheResolutionWasDelivered, NothingIsSentAgain) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.Answer(1, Outcome::Delivered());
  world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(KilledWhileTheFiringWasUnderWay, AnAlertThatResolvedIsStillAnnouncedWithItsResolution) {
  // Whether the first copy arrived is unknown: the receiver must not be left with an open alert.
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(KilledWhileTheFiringWasUnderWay, AReceiverThatThenFailsIsToldAgainUntilTheOutcomeIsKnown) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Restart({Resolved(*alert)});
  world.Answer(1, Unavailable());
  world.Advance(seconds(1));
  ASSERT_EQ(world.told().size(), 3U);
  world.Answer(2, Outcome::Delivered());
  EXPECT_EQ(world.told().back(), "ops e1-resolved-2");
}

TEST(KilledWhileTheFiringWasDead, AnAlertThatResolvedIsNotAnnouncedAnyMore) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, BadRequest());
  world.Restart({Resolved(*alert)});
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.outbox().dead, 1U);  // to be seen by people
}

// ---- what goes on over a restart

TEST(Restart, ACooldownGoesOnAndItsEndIsNotMissed) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  world.Advance(minutes(1));
  world.Restart({Resolved(*first), second});
  world.Advance(minutes(4) - Duration(1));
  EXPECT_EQ(world.told().size(), 2U);
  world.Advance(Duration(1));
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

TEST(Restart, ACooldownThatEndedWhileNobodyRanIsOver) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  world.Kill();
  world.clock.Advance(minutes(10));
  world.Restart({second});
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
  EXPECT_EQ(world.told().size(), 3U);
}

TEST(Restart, ACooldownThatRanFromACommitBeforeTheKillHoldsTheNextEpisode) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);
  world.Restart({first});
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(FiringAlert(rule, "e2"));
  EXPECT_EQ(world.told().back(), "ops e1-resolved-2");
}

TEST(Restart, AnAcknowledgementIsRememberedAndItsEndAnnounced) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Restart({Acknowledged(*alert)});
  EXPECT_EQ(world.told().size(), 1U);
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
}

TEST(Restart, ReceiptsAreKept) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Unavailable());
  world.Advance(seconds(1));
  world.Answer(1, Outcome::Delivered());
  world.Restart({alert});
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops delivered 2"));
  EXPECT_EQ(world.View("e1").notifications_sent, 1U);
}

TEST(Restart, ADeadLetterIsTriedAgainAtOnce) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, NotFound());
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
}

TEST(Restart, ARefusedPayloadIsNotTriedAgain) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, BadRequest());
  world.Restart({alert});
  world.Advance(hours(1));
  EXPECT_EQ(world.told().size(), 1U);
  EXPECT_EQ(world.outbox().dead, 1U);
}

TEST(Restart, WhatWaitsForAReceiverThatIsGoneIsDropped) {
  NativeWorld world({{"ops"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"ops"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Answer(0, Unavailable());
  world.Configure({{"dev"}});
  world.Restart({alert});
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
}

TEST(Restart, AnAlertThatTheEngineKnowsNoMoreIsForgottenWithItsMessages) {
  NativeWorld world;
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.Answer(0, Unavailable());
  world.Restart({});
  // The one that was sent at the start is under way.
  ASSERT_EQ(world.told().size(), 2U);
  EXPECT_EQ(world.LinesWith("unknown to the rules"), 1U);
  world.Answer(1, Unavailable());
  world.Advance(hours(1));
  EXPECT_EQ(world.told().size(), 2U);
  EXPECT_EQ(world.outbox().pending, 0U);
  world.Advance(hours(25));
  world.Prune();
  EXPECT_THAT(world.Stored(StateTable::kAnnouncements), IsEmpty());
}

TEST(Restart, AResolutionThatWaitedForLongIsSentEvenIfTheEngineHasForgottenTheAlert) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.Answer(1, Unavailable());
  world.Restart({});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e1-resolved-2"}));
}

TEST(Restart, RowsThatCannotBeReadAreLeftAsTheyAreAndNamed) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Spoil(StateTable::kAnnouncements, "episode/bad", "{");
  world.Spoil(StateTable::kAnnouncements, "cooldown/bad", "soon");
  world.Spoil(StateTable::kOutbox, "bad", "[]");
  world.Restart({alert});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  EXPECT_EQ(world.LinesWith("cannot be read and is left as it is"), 3U);
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("episode/bad"));
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("cooldown/bad"));
  EXPECT_TRUE(world.Stored(StateTable::kOutbox).contains("bad"));
}

TEST(Restart, ARowWhoseAnnouncementCannotBeReadIsStillSentAndResolved) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Spoil(StateTable::kAnnouncements, "episode/e1", "{");
  world.Restart({alert});
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.Answer(1, Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told().back(), "ops e1-resolved-2");
}

TEST(Restart, AnyNumberOfRestartsLoseAndRepeatNothing) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  for (int i = 0; i < 5; ++i) world.Restart({alert});
  world.Offer(Resolved(*alert));
  world.AnswerAll(Outcome::Delivered());
  for (int i = 0; i < 5; ++i) world.Restart({Resolved(*alert)});
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

}  // namespace
}  // namespace tocsin::receivers
