// Alerts of our own rules in groups, as tocsin.routing.native and receivers of tocsin.yml say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "receivers/pipeline/graph.h"
#include "tests/unit/receivers/channel_world.h"
#include "tests/unit/receivers/native_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tocsin::testing::Acknowledged;
using tocsin::testing::CpuUsageRule;
using tocsin::testing::FiringAlert;
using tocsin::testing::Resolved;
using tocsin::testing::WireReceiver;

using Strings = std::vector<std::string>;

config::NativeGrouping ByAlertname() {
  config::NativeGrouping grouping;
  grouping.group_by = Strings{"alertname"};
  grouping.group_interval = minutes(1);
  return grouping;
}

std::vector<WireReceiver> Ops(const config::NativeGrouping& grouping) {
  WireReceiver ops{"ops"};
  ops.grouping = grouping;
  return {ops};
}

// Each message as "ops +e1 -e2": who is told what of which episodes.
Strings Messages(const NativeWorld& world) {
  Strings messages;
  for (const testing::Wire::Attempt& attempt : world.wire.attempts) {
    std::string text = attempt.receiver;
    for (const AlertPtr& alert : attempt.notification.alerts) {
      text += (alert->state == AlertState::kResolved ? " -" : " +") + alert->id;
    }
    messages.push_back(std::move(text));
  }
  return messages;
}

std::shared_ptr<ThresholdRule> RuleNamed(const std::string& name) {
  auto rule = CpuUsageRule();
  rule->id = name;
  rule->name = name;
  return rule;
}

// Over since now.
AlertPtr Ended(const NativeWorld& world, const Alert& alert) {
  const std::shared_ptr<Alert> ended = Resolved(alert);
  ended->resolved_at = world.clock.Now();
  ended->updated_at = world.clock.Now();
  return ended;
}

// Time passes in steps; whatever is sent is taken.
void Pass(NativeWorld* world, Duration whole, Duration step = seconds(10)) {
  for (Duration passed{0}; passed < whole; passed += step) {
    world->Advance(step);
    world->AnswerAll(Outcome::Delivered(200));
  }
}

// ---- groups

TEST(NativeGroups, OneMessageTellsOfEveryAlertThatBeganWithinTheWait) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.group_wait = seconds(10);
  NativeWorld world(Ops(grouping));
  world.Offer(FiringAlert(CpuUsageRule(), "e1", "web-1"));
  world.Advance(seconds(5));
  world.Offer(FiringAlert(CpuUsageRule(), "e2", "web-2"));
  world.Advance(milliseconds(4'999));
  EXPECT_THAT(world.told(), IsEmpty());
  EXPECT_THAT(world.Stored(StateTable::kOutbox), IsEmpty());
  world.Advance(milliseconds(1));
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2"}));
  const Notification& sent = world.wire.attempts.at(0).notification;
  EXPECT_EQ(sent.status, NotificationStatus::kFiring);
  EXPECT_EQ(sent.group_key, R"({}:{alertname="High CPU Usage"})");
  EXPECT_EQ(sent.group_labels, Labels({{"alertname", "High CPU Usage"}}));
}

TEST(NativeGroups, RulesOfOtherNamesAreOtherGroups) {
  NativeWorld world(Ops(ByAlertname()));
  world.Offer({FiringAlert(RuleNamed("A"), "e1", "web-1"), FiringAlert(RuleNamed("B"), "e2"),
               FiringAlert(RuleNamed("A"), "e3", "web-2")});
  EXPECT_THAT(Messages(world), UnorderedElementsAre("ops +e1 +e3", "ops +e2"));
  EXPECT_EQ(world.Groups().size(), 2U);
}

TEST(NativeGroups, WithoutLabelsToGroupByThereIsOneGroup) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.group_by = Strings();
  NativeWorld world(Ops(grouping));
  world.Offer({FiringAlert(RuleNamed("A"), "e1"), FiringAlert(RuleNamed("B"), "e2")});
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2"}));
  EXPECT_EQ(world.wire.attempts.at(0).notification.group_key, "{}:{}");
}

TEST(NativeGroups, WhatChangesIsToldAtTheNextTick) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Advance(seconds(20));
  world.Offer(FiringAlert(CpuUsageRule(), "e2", "web-2"));
  world.Advance(seconds(39));
  EXPECT_EQ(Messages(world), Strings({"ops +e1"}));
  world.Advance(seconds(1));
  EXPECT_EQ(Messages(world), Strings({"ops +e1", "ops +e1 +e2"}));
  world.AnswerAll(Outcome::Delivered());
  world.Advance(seconds(30));
  world.Offer(Ended(world, *first));
  EXPECT_EQ(Messages(world).size(), 2U);
  world.Advance(seconds(30));
  EXPECT_EQ(Messages(world).back(), "ops -e1 +e2");
  EXPECT_EQ(world.wire.attempts.back().notification.status, NotificationStatus::kFiring);
}

TEST(NativeGroups, TheLastEndIsToldAloneAndTheGroupGoes) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  const auto second = FiringAlert(CpuUsageRule(), "e2", "web-2");
  world.Offer({first, second});
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Ended(world, *first));
  Pass(&world, minutes(1));
  EXPECT_EQ(Messages(world).back(), "ops -e1 +e2");
  world.Offer(Ended(world, *second));
  Pass(&world, minutes(1));
  EXPECT_EQ(Messages(world).back(), "ops -e2");
  EXPECT_EQ(world.wire.attempts.back().notification.status, NotificationStatus::kResolved);
  EXPECT_THAT(world.Groups(), IsEmpty());
  Pass(&world, minutes(10));
  EXPECT_EQ(Messages(world).size(), 3U);
}

TEST(NativeGroups, EachMessageHasAKeyOfItsOwnAndARetryHasTheSame) {
  NativeWorld world(Ops(ByAlertname()));
  world.Offer(FiringAlert(CpuUsageRule(), "e1", "web-1"));
  world.AnswerAll(testing::Unavailable());
  world.Advance(seconds(1));
  ASSERT_EQ(world.wire.attempts.size(), 2U);
  EXPECT_EQ(world.told()[0], world.told()[1]);
  world.AnswerAll(Outcome::Delivered());
  for (int i = 2; i < 5; ++i) {
    world.Offer(FiringAlert(CpuUsageRule(), "e" + std::to_string(i), "web-" + std::to_string(i)));
    Pass(&world, minutes(1));
  }
  const Strings told = world.told();
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), 4U);
}

TEST(NativeGroups, MessagesOfOneGroupAreAboutOneThing) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  const auto second = FiringAlert(CpuUsageRule(), "e2", "web-2");
  const auto other = FiringAlert(RuleNamed("Other"), "e3");
  world.Offer({first, second});
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Ended(world, *first));
  Pass(&world, minutes(1));
  world.Offer(Ended(world, *second));
  Pass(&world, minutes(1));
  ASSERT_EQ(Messages(world), Strings({"ops +e1 +e2", "ops -e1 +e2", "ops -e2"}));
  world.Offer(other);
  std::set<std::string> keys;
  for (const auto& attempt : world.wire.attempts) keys.insert(attempt.notification.dedup_key);
  EXPECT_EQ(keys.size(), 2U);
}

TEST(NativeGroups, AreKeptApartByReceiver) {
  WireReceiver grouped{"ops"};
  grouped.grouping = ByAlertname();
  NativeWorld world({grouped, {"pager"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"ops", "pager"};
  world.Offer({FiringAlert(rule, "e1", "web-1"), FiringAlert(rule, "e2", "web-2")});
  EXPECT_THAT(Messages(world), UnorderedElementsAre("ops +e1 +e2", "pager +e1", "pager +e2"));
}

// ---- waits

TEST(NativeGroups, AnAlertByItselfWaitsToo) {
  config::NativeGrouping grouping;
  grouping.group_wait = seconds(30);
  NativeWorld world(Ops(grouping));
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.Advance(seconds(10));
  world.Offer(alert);  // another look at it is no reason to hurry
  world.Advance(seconds(19));
  EXPECT_THAT(world.told(), IsEmpty());
  world.Advance(seconds(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Ended(world, *alert));  // whoever knows hears of the end at once
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-resolved-2"}));
}

TEST(NativeGroups, WhatEndsWithinTheWaitIsToldToNobody) {
  for (const bool alone : {true, false}) {
    config::NativeGrouping grouping = alone ? config::NativeGrouping() : ByAlertname();
    grouping.group_wait = seconds(30);
    NativeWorld world(Ops(grouping));
    const auto alert = FiringAlert(CpuUsageRule(), "e1");
    world.Offer(alert);
    world.Advance(seconds(10));
    world.Offer(Ended(world, *alert));
    Pass(&world, minutes(5));
    EXPECT_THAT(world.told(), IsEmpty());
    EXPECT_THAT(world.Groups(), IsEmpty());
    EXPECT_THAT(world.Stored(StateTable::kAnnouncements), IsEmpty());
  }
}

TEST(NativeGroups, AnAlertThatIsOlderThanTheWaitIsToldAtOnce) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.group_wait = seconds(30);
  NativeWorld world(Ops(grouping));
  world.Advance(seconds(31));
  world.Offer(FiringAlert(CpuUsageRule(), "e1"));  // since the beginning
  EXPECT_EQ(Messages(world), Strings({"ops +e1"}));
}

// ---- repeats

TEST(NativeGroups, NothingIsRepeatedUnlessItIsAskedFor) {
  for (const config::NativeGrouping& grouping : {config::NativeGrouping(), ByAlertname()}) {
    NativeWorld world(Ops(grouping));
    world.Offer(FiringAlert(CpuUsageRule(), "e1"));
    world.AnswerAll(Outcome::Delivered());
    Pass(&world, hours(24 * 10), minutes(1));
    world.Prune();
    Pass(&world, hours(1), minutes(1));
    EXPECT_EQ(world.told().size(), 1U);
  }
}

TEST(NativeGroups, AGroupIsToldAgainWhenItsRepeatIntervalIsOver) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.repeat_interval = minutes(5);
  NativeWorld world(Ops(grouping));
  world.Offer(
      {FiringAlert(CpuUsageRule(), "e1", "web-1"), FiringAlert(CpuUsageRule(), "e2", "web-2")});
  world.AnswerAll(Outcome::Delivered());
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world).size(), 1U);
  Pass(&world, minutes(1));  // at the first tick after it
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2", "ops +e1 +e2"}));
  EXPECT_NE(world.told()[0], world.told()[1]);
  Pass(&world, minutes(6));
  EXPECT_EQ(Messages(world).size(), 3U);
}

TEST(NativeGroups, AnAlertByItselfIsToldAgainToo) {
  config::NativeGrouping grouping;
  grouping.repeat_interval = minutes(5);
  grouping.group_interval = seconds(10);
  NativeWorld world(Ops(grouping));
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  Pass(&world, minutes(5));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1"}));
  Pass(&world, seconds(10));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2"}));
  world.Offer(Ended(world, *alert));
  world.AnswerAll(Outcome::Delivered());
  Pass(&world, hours(1));
  EXPECT_EQ(world.told(), Strings({"ops e1-firing-1", "ops e1-firing-2", "ops e1-resolved-3"}));
}

// ---- episodes

TEST(NativeGroups, TwoEpisodesOfOneAlertStandInOneGroup) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Ended(world, *first));
  auto second = FiringAlert(CpuUsageRule(), "e2");
  second->triggered_at = testing::FiredAt() + seconds(30);
  world.Offer(second);
  Pass(&world, minutes(1));
  EXPECT_EQ(Messages(world), Strings({"ops +e1", "ops -e1 +e2"}));
  EXPECT_EQ(world.Groups().size(), 1U);
  Pass(&world, minutes(10));
  EXPECT_EQ(Messages(world).size(), 2U);
  world.Offer(Ended(world, *second));
  Pass(&world, minutes(1));
  EXPECT_EQ(Messages(world).back(), "ops -e2");
}

TEST(NativeGroups, AnEpisodeThatWasNeverAnnouncedHasNoEndInMessagesOfItsGroup) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.group_wait = minutes(1);
  NativeWorld world(Ops(grouping));
  const auto first = FiringAlert(CpuUsageRule(), "e1");
  world.Offer({first, Ended(world, *first)});
  world.Offer(FiringAlert(CpuUsageRule(), "e2"));
  world.Offer(FiringAlert(CpuUsageRule(), "e3", "web-2"));
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world).back(), "ops +e2 +e3");
}

TEST(NativeGroups, AnAcknowledgedAlertIsLeftOutAndTheOthersAreTold) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer({Acknowledged(*first), FiringAlert(CpuUsageRule(), "e2", "web-2")});
  world.AnswerAll(Outcome::Delivered());
  Pass(&world, minutes(3));
  EXPECT_EQ(Messages(world), Strings({"ops +e2"}));
  world.Offer(first);
  Pass(&world, minutes(1));
  EXPECT_EQ(Messages(world), Strings({"ops +e2", "ops +e1 +e2"}));
}

TEST(NativeGroups, WhoeverWasToldHearsAgainWhenAnAcknowledgementEnds) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer({first, FiringAlert(CpuUsageRule(), "e2", "web-2")});
  world.AnswerAll(Outcome::Delivered());
  world.Offer(Acknowledged(*first));
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2"}));
  world.Offer(first);
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2", "ops +e1 +e2"}));
}

TEST(NativeGroups, ACooldownHoldsTheNextEpisodeOnlyAndEndsByItsOwnTimer) {
  config::NativeGrouping grouping = ByAlertname();
  grouping.group_interval = minutes(2);
  NativeWorld world(Ops(grouping));
  auto rule = CpuUsageRule();
  rule->cooldown = minutes(5);
  const auto first = FiringAlert(rule, "e1", "web-1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  world.Offer(
      {Ended(world, *first), FiringAlert(rule, "e2", "web-1"), FiringAlert(rule, "e3", "web-2")});
  Pass(&world, minutes(2));
  EXPECT_EQ(Messages(world), Strings({"ops +e1", "ops -e1 +e3"}));
  Pass(&world, minutes(2));
  world.Advance(seconds(59));
  EXPECT_EQ(Messages(world).size(), 2U);
  world.Advance(seconds(1));  // the next tick would be a minute later
  EXPECT_EQ(Messages(world).back(), "ops +e2 +e3");
  EXPECT_EQ(Messages(world).size(), 3U);
}

TEST(NativeGroups, AKilledProcessGoesOnWithItsGroup) {
  NativeWorld world(Ops(ByAlertname()));
  const auto first = FiringAlert(CpuUsageRule(), "e1", "web-1");
  const auto second = FiringAlert(CpuUsageRule(), "e2", "web-2");
  world.Offer({first, second});
  world.AnswerAll(Outcome::Delivered());
  world.Restart({first, second});
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2"}));
  world.Restart({Ended(world, *first), second});
  Pass(&world, minutes(5));
  EXPECT_EQ(Messages(world), Strings({"ops +e1 +e2", "ops -e1 +e2"}));
}

// ---- the configuration becomes routes

config::ReceiverSettings ConsoleReceiver(const std::string& name) {
  config::ReceiverSettings receiver;
  receiver.name = name;
  config::ChannelSettings channel;
  channel.type = "console";
  receiver.channels = {channel};
  return receiver;
}

TEST(NativeGroups, ARouteIsWhatTheReceiverSaysThenWhatIsSaidForAllThenTheDefault) {
  ChannelWorld channels;
  NativeTargets native;
  native.receivers = {ConsoleReceiver("own"), ConsoleReceiver("plain")};
  native.receivers[0].grouping.group_by = Strings{"host"};
  native.receivers[0].grouping.repeat_interval = hours(4);
  native.default_receivers = {"plain"};
  native.grouping.group_wait = seconds(30);
  native.grouping.repeat_interval = hours(1);
  const Result<PipelineGraphPtr> graph = BuildDefaultGraph(native, channels.Context());
  ASSERT_TRUE(graph.ok());
  const Route& own = (*graph)->direct_routes.at("own");
  EXPECT_THAT(own.group_by, ElementsAre("host"));
  EXPECT_FALSE(own.each_episode);
  EXPECT_EQ(own.settings.group_wait, Duration(seconds(30)));
  EXPECT_EQ(own.settings.group_interval, Duration(seconds(1)));
  EXPECT_EQ(own.settings.repeat_interval, Duration(hours(4)));
  const Route& plain = (*graph)->direct_routes.at("plain");
  EXPECT_TRUE(plain.each_episode);
  EXPECT_EQ(plain.settings.group_wait, Duration(seconds(30)));
  EXPECT_EQ(plain.settings.repeat_interval, Duration(hours(1)));
}

TEST(NativeGroups, ReceiversOfAlertmanagerYmlTakeWhatIsSaidForAll) {
  ChannelWorld channels;
  auto settings = std::make_shared<config::AlertmanagerSettings>();
  settings->route.receiver = "team";
  settings->receivers = {{"team", {}, {}, ""}};
  NativeTargets native;
  native.grouping = ByAlertname();
  const Result<PipelineGraphPtr> graph = BuildPipelineGraph(settings, channels.Context(), native);
  ASSERT_TRUE(graph.ok());
  const Route& team = (*graph)->direct_routes.at("team");
  EXPECT_TRUE(team.direct);
  EXPECT_FALSE(team.each_episode);
  EXPECT_THAT(team.group_by, ElementsAre("alertname"));
  EXPECT_EQ(team.settings.group_interval, Duration(minutes(1)));
  EXPECT_EQ(team.settings.repeat_interval, kNoRepeat);
}

}  // namespace
}  // namespace tocsin::receivers
