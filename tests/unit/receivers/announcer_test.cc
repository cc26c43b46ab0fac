#include "receivers/announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/announcer_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tocsin::testing::Acknowledged;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::NotFound;
using tocsin::testing::Resolved;
using tocsin::testing::TimedOut;
using tocsin::testing::Unavailable;

using Strings = std::vector<std::string>;

// ---- firing and resolved

TEST(Announcer, AnnouncesAnAlertThatFiresAndThenItsResolution) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.Answer(0, Outcome::Delivered(200));
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Announcer, TellsTheReceiverEverythingAboutTheMessage) {
  AnnouncerOptions options;
  options.outbox.external_url = "http://tocsin:9095";
  AnnouncerWorld world({{"ops"}}, options);
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

TEST(Announcer, AnnouncesAnEpisodeOnceHoweverOftenItIsOffered) {
  AnnouncerWorld world;
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

TEST(Announcer, HoldsBackWhatIsMutedAndTellsItWithinASecondOfTheEnd) {
  AnnouncerWorld world;
  world.muted_host = "web-1";
  world.Offer(
      {FiringAlert(CpuUsageRule(), "e1", "web-1"), FiringAlert(CpuUsageRule(), "e2", "web-2")});
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
  world.Advance(seconds(5));
  EXPECT_EQ(world.told().size(), 1U);
  EXPECT_EQ(world.Metric("alerting_notifications_suppressed_total", {{"reason", "muted"}}), 1);
  world.muted_host = "nobody";
  world.Advance(seconds(1));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1", "ops e1-firing-1"}));
}

TEST(Announcer, WhatResolvesWhileItIsMutedIsToldOnlyToWhoKnowsOfIt) {
  AnnouncerWorld world;
  const auto known = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(known);
  world.AnswerAll(Outcome::Delivered());
  world.muted_host = "web-1";
  world.Offer(Resolved(*known));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  const auto unknown = FiringAlert(CpuUsageRule(), "e2", "web-1");
  world.Offer(unknown);
  world.Offer(Resolved(*unknown));
  world.muted_host = "nobody";
  world.Advance(seconds(5));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(Announcer, AnAcknowledgementThatEndsUnderASilenceRepeatsNothingBeforeItsEnd) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.muted_host = "web-1";
  world.Offer(alert);
  world.Advance(seconds(3));
  EXPECT_EQ(world.told().size(), 1U);
  world.muted_host = "nobody";
  world.Advance(seconds(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
}

TEST(Announcer, ACooldownIsNotBegunByAnAlertThatIsMuted) {
  AnnouncerWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  world.muted_host = "web-1";
  const auto first = FiringAlert(rule, "e1", "web-1");
  world.Offer(first);
  world.Offer(Resolved(*first));
  world.muted_host = "nobody";
  world.Offer(FiringAlert(rule, "e2", "web-1"));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
}

TEST(Announcer, SaysNothingAboutAnAlertThatResolvesBeforeItWasOffered) {
  AnnouncerWorld world;
  world.Offer(Resolved(*FiringAlert(CpuUsageRule(), "e1")));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.Stored(StateTable::kAnnouncements), IsEmpty());
}

TEST(Announcer, SaysNothingAboutAnAlertThatResolvesInTheSameRound) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer({alert, Resolved(*alert)});
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.outbox().pending, 0U);
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
  EXPECT_THAT(world.announced, IsEmpty());
}

TEST(Announcer, SendsNoResolutionToAReceiverThatTheFiringDidNotReach) {
  AnnouncerWorld world({{"down"}, {"up"}});
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

TEST(Announcer, SendsTheResolutionAfterAnAttemptThatMayHaveArrived) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, TimedOut());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Announcer, WaitsWithTheResolutionUntilTheFiringUnderWayIsKnownToHaveArrived) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  ASSERT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.Answer(0, Outcome::Delivered());
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Announcer, DropsAFiringUnderWayThatFailsAfterItsAlertHasResolved) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  world.Answer(0, Unavailable());
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.outbox().pending, 0U);
}

TEST(Announcer, SendsTheResolutionOnceWhenTheAlertIsOfferedAgain) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.Offer(Resolved(*alert));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Announcer, SendsNoResolutionToAReceiverThatWantsNone) {
  AnnouncerWorld world({{"ops", "http://127.0.0.1/a", /*send_resolved=*/false}});
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(Announcer, AnnouncesTheNextEpisodeUnderAKeyOfItsOwn) {
  AnnouncerWorld world;
  const auto first = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(FiringAlert(CpuUsageRule(), "e2"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2", "ops e2-firing-1"}));
}

// ---- to whom

TEST(Announcer, TellsTheReceiversThatTheRuleNamesEachOnce) {
  AnnouncerWorld world({{"ops"}, {"dev"}, {"boss"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"dev", "ops", "dev"};
  world.Offer(FiringAlert(rule, "e1"));
  EXPECT_THAT(world.told(), UnorderedElementsAre("dev e1-firing-1", "ops e1-firing-1"));
}

TEST(Announcer, TellsTheDefaultReceiversWhereTheRuleNamesNone) {
  AnnouncerWorld world({{"ops"}, {"dev"}});
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(Announcer, TellsTheOtherReceiversWhereOneIsNotConfigured) {
  AnnouncerWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"email", "ops"};
  world.Offer(FiringAlert(rule, "e1"));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.Metric("tocsin_notifications_unroutable_total"), 1);
}

TEST(Announcer, SaysOnceThatNobodyIsToldAndTellsThemWhenTheyAreConfigured) {
  AnnouncerWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"dev"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Offer(alert);
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.LinesWith("announced to nobody"), 1U);
  world.Configure({{"ops"}, {"dev"}});
  EXPECT_EQ(world.told(), Strings({"dev e1-firing-1"}));
}

TEST(Announcer, TellsTheNewReceiversWhenAllTheOldOnesWereRemovedUnreached) {
  AnnouncerWorld world({{"typo"}});
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.Answer(0, NotFound());
  world.Configure({{"ops"}});
  EXPECT_EQ(world.told(), Strings({"typo e1-firing-1", "ops e1-firing-2"}));
  world.AnswerAll(Outcome::Delivered());
  EXPECT_THAT(world.Receipts("e1"),
              ElementsAre("ops delivered 1", "typo failed 1 the receiver is no longer configured"));
}

TEST(Announcer, TellsNobodyElseWhenARemovedReceiverHadBeenReached) {
  AnnouncerWorld world({{"old"}});
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Answer(0, Outcome::Delivered());
  world.Configure({{"ops"}});
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"old e1-firing-1"}));
}

TEST(Announcer, TellsTheReceiversOfTheNewRuleWhenThoseOfTheOldOneAreGone) {
  AnnouncerWorld world({{"typo"}});
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
  EXPECT_EQ(world.told(), Strings({"typo e1-firing-1", "ops e1-firing-2"}));
}

// ---- acknowledgement

TEST(Announcer, HoldsBackAnAlertThatWasAcknowledgedBeforeItWasAnnounced) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(Acknowledged(*alert));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_EQ(world.Metric("alerting_notifications_suppressed_total", {{"reason", "acknowledged"}}),
            1);
  world.Offer(Resolved(*alert));
  EXPECT_THAT(world.told(), IsEmpty());
}

TEST(Announcer, SendsTheResolutionOfAnAcknowledgedAlertThatWasAnnounced) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Offer(Acknowledged(*alert));
  EXPECT_EQ(world.told().size(), 1U);
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(Announcer, AnnouncesAgainWhenTheAcknowledgementEnds) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*alert));
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
  EXPECT_THAT(world.Receipts("e1"), ElementsAre("ops pending 1"));
}

TEST(Announcer, ShowsTheNewestMessageAsPendingWhenItReplacesAnUndeliveredOne) {
  AnnouncerWorld world;
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
void GoThroughAnEpisode(AnnouncerWorld* world, const std::shared_ptr<ThresholdRule>& rule,
                        const std::string& id) {
  const auto alert = FiringAlert(rule, id);
  world->Offer(alert);
  world->AnswerAll(Outcome::Delivered());
  world->Offer(Resolved(*alert));
  world->AnswerAll(Outcome::Delivered());
}

TEST(AnnouncerCooldown, HoldsANewEpisodeUntilTheCooldownEndsAndAnnouncesWhatStillFires) {
  AnnouncerWorld world;
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

TEST(AnnouncerCooldown, SendsNoResolutionOfAnEpisodeThatWasHeldBack) {
  AnnouncerWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  const auto held = FiringAlert(rule, "e2");
  world.Offer(held);
  world.Offer(Resolved(*held));
  world.Advance(hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e2"));
}

TEST(AnnouncerCooldown, SendsTheResolutionOfTheAnnouncedEpisodeWithinIt) {
  AnnouncerWorld world;
  const auto rule = CoolingRule(minutes(5));
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Advance(seconds(1));
  world.Offer(Resolved(*alert));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(AnnouncerCooldown, AnnouncesOnlyTheEpisodeThatFiresWhenItEnds) {
  AnnouncerWorld world;
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

TEST(AnnouncerCooldown, BelongsToRuleAndLabelSet) {
  AnnouncerWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  world.Offer(FiringAlert(rule, "e2", "web-2"));
  auto other_rule = CoolingRule(minutes(5));
  other_rule->id = "rule-2";
  world.Offer(FiringAlert(other_rule, "e3"));
  EXPECT_EQ(world.told().size(), 4U);
}

TEST(AnnouncerCooldown, RunsForTheNextEpisodeFromItsOwnAnnouncement) {
  AnnouncerWorld world;
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

TEST(AnnouncerCooldown, BeginsWithTheCommitOfTheAnnouncement) {
  AnnouncerWorld world;
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

TEST(AnnouncerCooldown, DoesNotRunForAnAnnouncementThatNeverLeft) {
  AnnouncerWorld world;
  const auto rule = CoolingRule(minutes(5));
  world.HoldCommits();
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  world.Offer(Resolved(*alert));
  world.Commit();
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.announced, IsEmpty());
  world.Offer(FiringAlert(rule, "e2"));
  EXPECT_EQ(world.told(), Strings({"ops e2-firing-1"}));
}

TEST(AnnouncerCooldown, KeepsQuietAtItsEndAboutAnAlertThatWasAcknowledgedMeanwhile) {
  AnnouncerWorld world;
  const auto rule = CoolingRule(minutes(5));
  GoThroughAnEpisode(&world, rule, "e1");
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  world.Offer(Acknowledged(*second));
  world.Advance(minutes(10));
  EXPECT_EQ(world.told().size(), 2U);
}

TEST(AnnouncerCooldown, DoesNotRepeatAnEpisodeThatFiresOnBeyondIt) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CoolingRule(minutes(5)), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Advance(minutes(10));
  world.Offer(alert);
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
}

TEST(AnnouncerCooldown, LeavesNoRowBehindWhenItHasEnded) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CoolingRule(minutes(5)), "e1");
  world.Offer(alert);
  const std::string key = "cooldown/" + alert->fingerprint_text();
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains(key));
  world.Advance(hours(2));
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains(key));
}

TEST(AnnouncerCooldown, ZeroMeansNone) {
  AnnouncerWorld world;
  GoThroughAnEpisode(&world, CoolingRule(Duration(0)), "e1");
  world.Offer(FiringAlert(CoolingRule(Duration(0)), "e2"));
  EXPECT_EQ(world.told().back(), "ops e2-firing-1");
}

// ---- the store

TEST(Announcer, SendsNothingBeforeItIsDurable) {
  AnnouncerWorld world;
  world.HoldCommits();
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.announced, IsEmpty());
  EXPECT_TRUE(world.busy());
  world.Commit();
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.announced, Strings({"e1"}));
}

TEST(Announcer, AnnouncesAllTheSameWhenTheStoreCannotWrite) {
  AnnouncerWorld world;
  world.HoldCommits();
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));
  world.FailCommits();
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  EXPECT_EQ(world.Metric("tocsin_announcement_commit_failures_total"), 1);
}

TEST(Announcer, LeavesNoRowBehindForWhatWasDelivered) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  EXPECT_EQ(world.Stored(StateTable::kOutbox).size(), 1U);
  world.AnswerAll(Outcome::Delivered());
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
  EXPECT_FALSE(world.busy());
}

// ---- receipts

TEST(Announcer, CountsRoundsInWhichAChannelConfirmedDelivery) {
  AnnouncerWorld world({{"ops"}, {"dev"}});
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

TEST(Announcer, RecordsOutcomeAndAttempts) {
  AnnouncerWorld world;
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

TEST(Announcer, CountsAttemptsByReceiverAndOutcome) {
  AnnouncerWorld world;
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

TEST(Announcer, ShowsTheHealthOfEachReceiver) {
  AnnouncerWorld world({{"ops"}, {"dev"}});
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

TEST(Announcer, ForgetsAnEpisodeADayAfterItsEnd) {
  AnnouncerWorld world;
  GoThroughAnEpisode(&world, CpuUsageRule(), "e1");
  world.Advance(hours(23));
  EXPECT_EQ(world.View("e1").notifications_sent, 2U);
  world.Advance(hours(2));
  EXPECT_EQ(world.View("e1").notifications_sent, 0U);
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
}

TEST(Announcer, KeepsNoMoreEndedEpisodesThanAreAllowed) {
  AnnouncerOptions options;
  options.max_closed = 2;
  AnnouncerWorld world({{"ops"}}, options);
  for (const char* id : {"e1", "e2", "e3"}) {
    GoThroughAnEpisode(&world, CpuUsageRule(), id);
    world.Advance(seconds(1));
  }
  EXPECT_FALSE(world.Stored(StateTable::kAnnouncements).contains("episode/e1"));
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("episode/e2"));
  EXPECT_TRUE(world.Stored(StateTable::kAnnouncements).contains("episode/e3"));
}

TEST(Announcer, LeavesNoDeadLetterBehindWhenItForgetsAnEpisode) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.AnswerAll(NotFound());
  EXPECT_EQ(world.outbox().dead, 1U);
  world.Advance(hours(25));
  EXPECT_EQ(world.outbox().dead, 0U);
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
}

TEST(Announcer, LeavesNoDeadLetterBehindThatWasUnderWayWhenItsEpisodeWasForgotten) {
  AnnouncerWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Resolved(*alert));
  world.AnswerAll(NotFound());
  world.Configure({{"ops", "http://127.0.0.1/b"}});  // tries it again
  ASSERT_EQ(world.told().size(), 3U);
  world.Advance(hours(25));
  world.AnswerAll(NotFound());
  EXPECT_EQ(world.outbox().dead, 0U);
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
}

}  // namespace
}  // namespace tocsin::receivers
