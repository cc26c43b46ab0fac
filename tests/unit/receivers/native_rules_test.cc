#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/pipeline/dispatch.h"
#include "tests/unit/receivers/native_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tocsin::testing::Acknowledged;
using tocsin::testing::BadRequest;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::NotFound;
using tocsin::testing::Resolved;
using tocsin::testing::TimedOut;
using tocsin::testing::Unavailable;

using Strings = std::vector<std::string>;

// ---- firing and resolved

TEST(NativeRules, AnnouncesAnAlertThatFiresAndThenItsResolution) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.Answer(0, Outcome::Delivered(200));
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeRules, TellsTheReceiverEverythingAboutTheMessage) {
  NativeWorldOptions options;
  options.dispatch.external_url = "http://tocsin:9095";
  NativeWorld world({{"ops"}}, options);
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  const Notification& sent = world.wire.attempts.at(0).notification;
  EXPECT_EQ(sent.receiver, "ops");
  EXPECT_EQ(sent.status, NotificationStatus::kFiring);
  EXPECT_EQ(sent.group_labels, alert->labels);
  EXPECT_EQ(sent.group_key, "{}:" + alert->labels.ToString());
  EXPECT_EQ(sent.dedup_key, "e1");
  EXPECT_EQ(sent.flush_number, 1U);
  EXPECT_EQ(sent.external_url, "http://tocsin:9095");
  EXPECT_EQ(sent.alerts, std::vector<AlertPtr>{alert});
  EXPECT_EQ(world.wire.attempts.at(0).timeout, Duration(seconds(10)));
}

TEST(NativeRules, AnnouncesAnEpisodeOnceHoweverOftenItIsOffered) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(alert);
  auto newer = std::make_shared<Alert>(*alert);
  newer->value = 99;
  world.Offer(newer);
  EXPECT_EQ(world.told().size(), 1U);
}

// ---- muted

TEST(NativeRules, HoldsBackWhatIsMutedAndTellsItWithinASecondOfTheEnd) {
  NativeWorld world;
  world.Mute("web-1");
  world.Offer(
      {FiringAlert(CpuUsageRule(), "e1", "web-1"), FiringAlert(CpuUsageRule(), "e2", "web-2")});
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
  world.Advance(seconds(5));
  EXPECT_EQ(world.told().size(), 1U);
  EXPECT_EQ(world.Metric("alerting_notifications_suppressed_total", {{"reason", "muted"}}), 1);
  world.Unmute();
  world.Advance(seconds(1));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1", "ops e1-firing-1"}));
}

TEST(NativeRules, WhatResolvesWhileItIsMutedIsToldOnlyToWhoKnowsOfIt) {
  NativeWorld world;
  const auto known = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(known);
  world.AnswerAll(Outcome::Delivered());
  world.Mute("web-1");
  world.Offer(Resolved(*known));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  const auto unknown = FiringAlert(CpuUsageRule(), "e2", "web-1");
  world.Offer(unknown);
  world.Offer(Resolved(*unknown));
  world.Unmute();
  world.Advance(seconds(5));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(NativeRules, AnAcknowledgementThatEndsUnderASilenceRepeatsNothingBeforeItsEnd) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Mute("web-1");
  world.Offer(alert);
  world.Advance(seconds(3));
  EXPECT_EQ(world.told().size(), 1U);
  world.Unmute();
  world.Advance(seconds(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
}

TEST(NativeRules, ACooldownIsNotBegunByAnAlertThatIsMuted) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  world.Mute("web-1");
  const auto first = FiringAlert(rule, "e1", "web-1");
  world.Offer(first);
  world.Offer(Resolved(*first));
  world.Unmute();
  world.Offer(FiringAlert(rule, "e2", "web-1"));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
}

TEST(NativeRules, SaysNothingAboutAnAlertThatResolvesBeforeItWasOffered) {
  NativeWorld world;
  world.Offer(Resolved(*FiringAlert(CpuUsageRule(), "e1")));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.Stored(StateTable::kAnnouncements), IsEmpty());
}

TEST(NativeRules, SaysNothingAboutAnAlertThatResolvesInTheSameRound) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer({alert, Resolved(*alert)});
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.outbox().pending, 0U);
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
}

TEST(NativeRules, SendsNoResolutionToAReceiverThatTheFiringDidNotReach) {
  NativeWorld world({{"down"}, {"up"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"down", "up"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  ASSERT_EQ(world.told(), Strings({"down e1-firing-1", "up e1-firing-1"}));
  world.Answer(0, Unavailable());
  world.Answer(1, Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"down e1-firing-1", "up e1-firing-1", "up e1-resolved-2"}));
  EXPECT_THAT(world.Receipts("e1"),
              ElementsAre("down superseded 1 HTTP status 503", "up pending 1"));
}

TEST(NativeRules, SendsTheResolutionAfterAnAttemptThatMayHaveArrived) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, TimedOut());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeRules, WaitsWithTheResolutionUntilTheFiringUnderWayIsKnownToHaveArrived) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeRules, DropsAFiringUnderWayThatFailsAfterItsAlertHasResolved) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  world.Answer(0, Unavailable());
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(NativeRules, SendsTheResolutionOnceWhenTheAlertIsOfferedAgain) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.Offer(Resolved(*alert));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeRules, SendsNoResolutionToAReceiverThatWantsNone) {
  NativeWorld world({{"ops", "http://127.0.0.1/a", /*send_resolved=*/false}});
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(NativeRules, AnnouncesTheNextEpisodeUnderAKeyOfItsOwn) {
  NativeWorld world;
  const auto first = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(FiringAlert(CpuUsageRule(), "e2"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e2-firing-1"}));
}

// ---- to whom

TEST(NativeRules, TellsTheReceiversThatTheRuleNamesEachOnce) {
  NativeWorld world({{"ops"}, {"dev"}, {"boss"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"dev", "ops", "dev"};
  world.Offer(FiringAlert(rule, "e1"));
  EXPECT_THAT(world.told(), UnorderedElementsAre("dev e1-firing-1", "ops e1-firing-1"));
}

TEST(NativeRules, TellsTheDefaultReceiversWhereTheRuleNamesNone) {
  NativeWorld world({{"ops"}, {"dev"}});
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(NativeRules, TellsTheOtherReceiversWhereOneIsNotConfigured) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"email", "ops"};
  world.Offer(FiringAlert(rule, "e1"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.LinesWith("announced to nobody"), 0U);
}

TEST(NativeRules, SaysOnceThatNobodyIsToldAndTellsThemWhenTheyAreConfigured) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"dev"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Offer(alert);
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.LinesWith("announced to nobody"), 1U);
  EXPECT_EQ(world.Metric("tocsin_notifications_unroutable_total"), 1);
  world.Configure({{"ops"}, {"dev"}});
  EXPECT_EQ(world.told(), Strings({"dev e1-firing-1"}));
}

TEST(NativeRules, TellsTheNewReceiversWhenAllTheOldOnesWereRemovedUnreached) {
  NativeWorld world({{"typo"}});
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.Answer(0, NotFound());
  world.Configure({{"ops"}});
  EXPECT_EQ(world.told(), Strings({"typo e1-firing-1", "ops e1-firing-1"}));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_THAT(world.Receipts("e1"),
              ElementsAre("ops delivered 1", "typo failed 1 HTTP status 404"));
}

// As Alertmanager does after a reload.
TEST(NativeRules, TellsANewReceiverWhatFiresAlsoWhereTheOldOneHadBeenReached) {
  NativeWorld world({{"old"}});
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Configure({{"ops"}});
  world.AnswerAll(Outcome::Delivered());
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"old e1-firing-1", "ops e1-firing-1"}));
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told().back(), "ops e1-resolved-2");
}

TEST(NativeRules, TellsTheReceiversOfTheNewRuleWhenThoseOfTheOldOneAreGone) {
  NativeWorld world({{"typo"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"typo"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Answer(0, NotFound());
  world.Configure({{"console"}, {"ops"}});
  auto new_rule = CpuUsageRule();
  new_rule->notification_channels = {"ops"};
  auto newer = std::make_shared<Alert>(*alert);
  newer->rule = new_rule;
  world.Offer(newer);
  EXPECT_EQ(world.told(), Strings({"typo e1-firing-1", "ops e1-firing-1"}));
}

// ---- acknowledgement

TEST(NativeRules, HoldsBackAnAlertThatWasAcknowledgedBeforeItWasAnnounced) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(Acknowledged(*alert));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.Metric("alerting_notifications_suppressed_total", {{"reason", "acknowledged"}}),
            1);
  world.Offer(Resolved(*alert));
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(NativeRules, SendsTheResolutionOfAnAcknowledgedAlertThatWasAnnounced) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Offer(Acknowledged(*alert));
  EXPECT_EQ(world.told().size(), 1U);
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeRules, AnnouncesAgainWhenTheAcknowledgementEnds) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops pending 1"));
}

TEST(NativeRules, ShowsTheNewestMessageAsPendingWhenItReplacesAnUndeliveredOne) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Unavailable());
  world.Offer(Acknowledged(*alert));
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops pending 1 HTTP status 503"));
}

// ---- cooldown

std::shared_ptr<ThresholdRule> CoolingRule(Duration cooldown) {
  auto rule = CpuUsageRule();
  rule->cooldown = cooldown;
  return rule;
}

// An episode of `rule` that was announced and has resolved.
void GoThroughAnEpisode(NativeWorld* world, const std::shared_ptr<ThresholdRule>& rule,
                        const std::string& id) {
  const auto alert = FiringAlert(rule, id);
  world->Offer(alert);
  world->AnswerAll(Outcome::Delivered());
  world->Offer(Resolved(*alert));
  world->AnswerAll(Outcome::Delivered());
}

TEST(Cooldown, HoldsANewEpisodeUntilTheCooldownEndsAndAnnouncesWhatStillFires) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  world.Advance(minutes(1));
  world.Offer(FiringAlert(rule, "e2"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  EXPECT_EQ(world.Metric("alerting_notifications_suppressed_total", {{"reason", "cooldown"}}), 1);

  world.Advance(minutes(4) - Duration(1));
  EXPECT_EQ(world.told().size(), 2U);
  world.Advance(Duration(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e2-firing-1"}));
}

TEST(Cooldown, SendsNoResolutionOfAnEpisodeThatWasHeldBack) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  const auto held = FiringAlert(rule, "e2");
  world.Offer(held);
  world.Offer(Resolved(*held));
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e2"));
}

TEST(Cooldown, SendsTheResolutionOfTheAnnouncedEpisodeWithinIt) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Advance(seconds(1));
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Cooldown, AnnouncesOnlyTheEpisodeThatFiresWhenItEnds) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  for (const char* id : {"e2", "e3", "e4"}) {
    const auto flapping = FiringAlert(rule, id);
    world.Offer(flapping);
    world.Offer(Resolved(*flapping));
  }
  world.Offer(FiringAlert(rule, "e5"));
  world.Advance(minutes(5));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e5-firing-1"}));
}

TEST(Cooldown, BelongsToRuleAndLabelSet) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  world.Offer(FiringAlert(rule, "e2", "web-2"));
  auto other_rule = CoolingRule(minutes(5));
  other_rule->id = "rule-2";
  world.Offer(FiringAlert(other_rule, "e3"));
  EXPECT_EQ(world.told().size(), 4U);
}

TEST(Cooldown, RunsForTheNextEpisodeFromItsOwnAnnouncement) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  world.Advance(minutes(4));
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  world.Advance(minutes(1));  // announced here
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*second));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(FiringAlert(rule, "e3"));
  world.Advance(minutes(4));
  EXPECT_EQ(world.told().size(), 4U);
  world.Advance(minutes(1));
  EXPECT_EQ(world.told().back(), "ops e3-firing-1");
}

TEST(Cooldown, BeginsWithTheCommitOfTheAnnouncement) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  world.HoldCommits();
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Advance(minutes(1));  // a slow disk
  world.Commit();
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(FiringAlert(rule, "e2"));
  world.Advance(minutes(5) - Duration(1));
  EXPECT_EQ(world.told().size(), 2U);
  world.Advance(Duration(1));
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

TEST(Cooldown, DoesNotRunForAnAnnouncementThatNeverLeft) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  world.HoldCommits();
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  world.Commit();
  EXPECT_THAT(world.told(), IsEmpty());
  world.Offer(FiringAlert(rule, "e2"));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
}

TEST(Cooldown, KeepsQuietAtItsEndAboutAnAlertThatWasAcknowledgedMeanwhile) {
  NativeWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  world.Offer(Acknowledged(*second));
  world.Advance(minutes(10));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(Cooldown, DoesNotRepeatAnEpisodeThatFiresOnBeyondIt) {
  NativeWorld world;
  const auto alert = FiringAlert(CoolingRule(minutes(5)), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Advance(minutes(10));
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(Cooldown, LeavesNoRowBehindWhenItHasEnded) {
  NativeWorld world;
  const auto alert = FiringAlert(CoolingRule(minutes(5)), "e1");
  world.Offer(alert);
  const std::string key = "cooldown/" + alert->fingerprint_text();
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains(key));
  world.Advance(hours(2));
  world.Prune();
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains(key));
}

TEST(Cooldown, ZeroMeansNone) {
  NativeWorld world;
  GoThroughAnEpisode(&world, CoolingRule(Duration(0)), "e1");
  world.Offer(FiringAlert(CoolingRule(Duration(0)), "e2"));
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

// ---- the store

TEST(NativeRules, SendsNothingBeforeItIsDurable) {
  NativeWorld world;
  world.HoldCommits();
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_THAT(world.told(), IsEmpty());
  world.Commit();
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(NativeRules, AnnouncesAllTheSameWhenTheStoreCannotWrite) {
  NativeWorld world;
  world.HoldCommits();
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.FailCommits();
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(NativeRules, LeavesNoRowBehindForWhatWasDelivered) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  EXPECT_EQ(world.Stored(StateTable::kOutbox).size(), 1U);
  world.AnswerAll(Outcome::Delivered());
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
}

// ---- receipts

TEST(NativeRules, CountsRoundsInWhichAChannelConfirmedDelivery) {
  NativeWorld world({{"ops"}, {"dev"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"ops", "dev"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  EXPECT_EQ(world.View("e1").notifications_sent, 0U);
  EXPECT_EQ(world.View("e1").last_notification_at, std::nullopt);
  world.Advance(seconds(1));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(world.View("e1").notifications_sent, 1U);
  EXPECT_EQ(world.View("e1").last_notification_at, world.clock.Now());
  world.Offer(Resolved(*alert));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(world.View("e1").notifications_sent, 2U);
  EXPECT_EQ(world.delivered_within_day(), 4U);
}

TEST(NativeRules, RecordsOutcomeAndAttempts) {
  NativeWorld world;
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops pending 0"));
  world.Answer(0, Unavailable());
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops retrying 1 HTTP status 503"));
  world.Advance(seconds(1));
  world.Answer(1, NotFound());
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops failed 2 HTTP status 404"));
  world.Advance(minutes(15));
  world.Answer(2, Outcome::Delivered());
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops delivered 3"));
}

TEST(NativeRules, CountsAttemptsByReceiverAndOutcome) {
  NativeWorld world;
  const std::string sent = "alerting_notifications_sent_total";
  EXPECT_EQ(world.Metric(sent, {{"channel", "ops"}, {"outcome", "delivered"}}), 0);
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.Answer(0, Unavailable());
  world.Advance(seconds(1));
  world.Answer(1, NotFound());
  world.Advance(minutes(15));
  world.Answer(2, Outcome::Delivered());
  EXPECT_EQ(world.Metric(sent, {{"channel", "ops"}, {"outcome", "retried"}}), 1);
  EXPECT_EQ(world.Metric(sent, {{"channel", "ops"}, {"outcome", "failed"}}), 1);
  EXPECT_EQ(world.Metric(sent, {{"channel", "ops"}, {"outcome", "delivered"}}), 1);
  EXPECT_EQ(world.Metric("tocsin_notification_attempts_total"), 3);
  const std::string failed = "alerting_notifications_failed_total";
  EXPECT_EQ(world.Metric(failed, {{"channel", "ops"}, {"reason", "server_error"}}), 1);
  EXPECT_EQ(world.Metric(failed, {{"channel", "ops"}, {"reason", "client_error"}}), 1);
  EXPECT_EQ(world.Metric(failed, {{"channel", "ops"}, {"reason", "timeout"}}), 0);
}

TEST(NativeRules, ShowsTheHealthOfEachReceiver) {
  NativeWorld world({{"ops"}, {"dev"}});
  const auto health = [&world] {
    Strings all;
    for (const ReceiverView& view : world.receivers()) {
      all.push_back(view.name + " " + view.health + " " + view.last_error);
    }
    return all;
  };
  EXPECT_EQ(health(), Strings({"ops unused ", "dev unused "}));
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.Answer(0, Unavailable());
  EXPECT_EQ(health(), Strings({"ops failing HTTP status 503", "dev unused "}));
  world.Advance(seconds(1));
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(health(), Strings({"ops healthy ", "dev unused "}));
  EXPECT_EQ(world.LinesWith("receiver is failing"), 1U);
  EXPECT_EQ(world.LinesWith("receiver works again"), 1U);
}

TEST(NativeRules, ForgetsAnEpisodeADayAfterItsEnd) {
  NativeWorld world;
  GoThroughAnEpisode(&world, CpuUsageRule(), "e1");
  world.Advance(hours(23));
  EXPECT_EQ(world.View("e1").notifications_sent, 2U);
  world.Advance(hours(2));
  world.Prune();
  EXPECT_EQ(world.View("e1").notifications_sent, 0U);
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
}

TEST(NativeRules, KeepsNoMoreEndedEpisodesThanAreAllowed) {
  NativeWorldOptions options;
  options.book.max_closed = 2;
  NativeWorld world({{"ops"}}, options);
  for (const char* id : {"e1", "e2", "e3"}) {
    GoThroughAnEpisode(&world, CpuUsageRule(), id);
    world.Advance(seconds(1));
  }
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("episode/e2"));
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("episode/e3"));
}

TEST(NativeRules, KeepsDeadLettersForAWeekAfterTheirEpisodeWasForgotten) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.AnswerAll(NotFound());
  EXPECT_THAT(world.Groups(), IsEmpty());
  world.Advance(hours(25));
  world.Prune();
  EXPECT_EQ(world.outbox().dead, 1U);
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
  world.Advance(hours(24 * 7));
  world.Prune();
  EXPECT_EQ(world.outbox().dead, 0U);
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
  EXPECT_THAT(world.Stored(StateTable::kNotificationLog), IsEmpty());
}

TEST(NativeRules, KeepsADeadLetterThatWasUnderWayWhenItsEpisodeWasForgotten) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.AnswerAll(NotFound());
  world.Configure({{"ops", "http://127.0.0.1/b"}});  // tries it again
  ASSERT_EQ(world.told().size(), 3U);
  world.Advance(hours(25));
  world.Prune();
  world.AnswerAll(NotFound());
  EXPECT_EQ(world.outbox().dead, 1U);
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
}

TEST(NativeRules, ANewEpisodeDoesNotOvertakeTheEndOfTheOneUnderWay) {
  NativeWorld world;
  const auto rule = CpuUsageRule();
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);
  world.Offer(Resolved(*first));
  world.Offer(FiringAlert(rule, "e2"));
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  world.Answer(1, Outcome::Delivered());
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

TEST(NativeRules, TheEndOfAnOlderEpisodeIsToldAlsoWhereAReloadCameInBetween) {
  NativeWorld world;
  const auto rule = CpuUsageRule();
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);                    // under way
  world.Offer(Resolved(*first));         // is put off
  world.Offer(FiringAlert(rule, "e2"));  // takes its place in the store
  world.Configure({{"ops"}});
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

// ---- dead letters

TEST(NativeRules, ADeadFiringMessageIsSupersededByTheEndOfItsAlertAndMayBeSentByHand) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(NotFound());
  world.Offer(Resolved(*alert));
  world.Advance(hours(1));
  EXPECT_EQ(world.told().size(), 1U);
  ASSERT_EQ(world.DeadLetters().size(), 1U);
  EXPECT_EQ(world.Resend(world.DeadLetters()[0].sequence), Outbox::Resent::kTried);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-1"}));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_THAT(world.DeadLetters(), IsEmpty());
  // What a person has sent again begins nothing anew.
  world.Advance(hours(1));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(NativeRules, ADeadLetterThatIsTakenAfterAllCountsAsTold) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(BadRequest());
  ASSERT_EQ(world.DeadLetters().size(), 1U);
  world.Resend(world.DeadLetters()[0].sequence);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told().back(), "ops e1-resolved-2");
}

}  // namespace
}  // namespace tocsin::receivers
