// Dispatch::Explain: why people were told of an alert, or were not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"
#include "tests/unit/receivers/native_world.h"

namespace tocsin::receivers {
namespace {

using std::chrono::hours;
using testing::Acknowledged;
using testing::CpuUsageRule;
using ::testing::ElementsAre;
using testing::FiredAt;
using testing::FiringAlert;
using ::testing::IsEmpty;
using testing::Named;
using testing::Resolved;

ExplainedRoute RouteOf(const Explanation& explanation) {
  EXPECT_EQ(explanation.routes.size(), 1U);
  return explanation.routes.empty() ? ExplainedRoute() : explanation.routes.front();
}
ExplainedIntegration IntegrationOf(const Explanation& explanation) {
  const ExplainedRoute route = RouteOf(explanation);
  EXPECT_EQ(route.integrations.size(), 1U);
  return route.integrations.empty() ? ExplainedIntegration() : route.integrations.front();
}
// Of the alert A.
ExplainedIntegration IntegrationOf(const DispatchWorld& world) {
  return IntegrationOf(world.Explain(world.Firing(Named("A"))));
}

// ---- what integrations were told

TEST(DispatchExplain, AnAlertThatNobodyPostedIsUntoldAndHasNoGroup) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  const Explanation why = world.Explain(world.Firing(Named("A")));
  EXPECT_FALSE(why.acknowledgement);
  EXPECT_THAT(why.inhibited_by, IsEmpty());
  EXPECT_THAT(why.silenced_by, IsEmpty());
  EXPECT_EQ(why.cooldown_until, std::nullopt);
  EXPECT_EQ(RouteOf(why).next_flush, std::nullopt);
  const ExplainedIntegration ops = IntegrationOf(why);
  EXPECT_EQ(ops.integration, "ops/hook");
  EXPECT_EQ(ops.state, "untold");
  EXPECT_EQ(ops.told_at, std::nullopt);
  EXPECT_EQ(ops.attempts, 0U);
  EXPECT_EQ(ops.last_error, "");
}

TEST(DispatchExplain, AnAlertIsUntoldUntilItsGroupsWaitIsOver) {
  WireConfig config = EveryMinute();
  config.settings.route.group_wait = 30 * kSecond;
  DispatchWorld world(config, WithAnOutbox());
  world.Fire("A");
  world.AdvanceTo(29 * kSecond);
  const Explanation why = world.Explain(world.Firing(Named("A")));
  EXPECT_EQ(IntegrationOf(why).state, "untold");
  EXPECT_EQ(RouteOf(why).next_flush, FiredAt() + 30 * kSecond);
  world.AdvanceTo(30 * kSecond);
  EXPECT_EQ(IntegrationOf(world).state, "told");
}

TEST(DispatchExplain, SaysWhenTheNewestMessageWasTaken) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Fire("A");
  EXPECT_EQ(IntegrationOf(world).state, "told");
  EXPECT_EQ(IntegrationOf(world).told_at, FiredAt());
  EXPECT_EQ(IntegrationOf(world).attempts, 0U);
  world.AdvanceTo(10 * kSecond);
  world.Fire("B");
  EXPECT_EQ(IntegrationOf(world.Explain(world.Firing(Named("B")))).state, "untold");
  world.AdvanceTo(kMinute);
  EXPECT_EQ(IntegrationOf(world.Explain(world.Firing(Named("B")))).state, "told");
  EXPECT_EQ(IntegrationOf(world).told_at, FiredAt() + kMinute);
}

TEST(DispatchExplain, ToldOfTheEnd) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Fire("A");
  const PostedAlert over = world.Over(Named("A"));
  world.Resolve("A");
  EXPECT_EQ(IntegrationOf(world.Explain(over)).state, "told");
  world.AdvanceTo(kMinute);
  const ExplainedIntegration ops = IntegrationOf(world.Explain(over));
  EXPECT_EQ(ops.state, "told_of_end");
  EXPECT_EQ(ops.told_at, FiredAt() + kMinute);
  EXPECT_EQ(RouteOf(world.Explain(over)).next_flush, std::nullopt);  // the group is gone
}

TEST(DispatchExplain, SendingThenWaitingThenTold) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  EXPECT_EQ(IntegrationOf(world).state, "sending");
  EXPECT_EQ(IntegrationOf(world).attempts, 0U);
  EXPECT_EQ(IntegrationOf(world).told_at, std::nullopt);
  world.Answer(0, testing::Unavailable());
  EXPECT_EQ(IntegrationOf(world).state, "waiting");
  EXPECT_EQ(IntegrationOf(world).attempts, 1U);
  EXPECT_EQ(IntegrationOf(world).last_error, "HTTP status 503");
  EXPECT_EQ(IntegrationOf(world).told_at, std::nullopt);
  world.AdvanceTo(kSecond);
  ASSERT_EQ(world.attempts.size(), 2U);
  EXPECT_EQ(IntegrationOf(world).state, "sending");
  EXPECT_EQ(IntegrationOf(world).attempts, 1U);
  EXPECT_EQ(IntegrationOf(world).last_error, "HTTP status 503");
  world.Answer(1, Outcome::Delivered(200));
  EXPECT_EQ(IntegrationOf(world).state, "told");
  EXPECT_EQ(IntegrationOf(world).attempts, 0U);
  EXPECT_EQ(IntegrationOf(world).last_error, "");
}

TEST(DispatchExplain, WhoWasToldOfItBeforeIsWaitedForWhenThereIsNews) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Fire("A");
  world.AnswerWith(testing::Unavailable());
  world.Fire("B");
  world.AdvanceTo(kMinute);
  EXPECT_EQ(IntegrationOf(world).state, "waiting");
  EXPECT_EQ(IntegrationOf(world).told_at, FiredAt());  // of the message before
}

TEST(DispatchExplain, GivenUp) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.AnswerWith(testing::NotFound());
  world.Fire("A");
  const ExplainedIntegration ops = IntegrationOf(world);
  EXPECT_EQ(ops.state, "given_up");
  EXPECT_EQ(ops.attempts, 1U);
  EXPECT_EQ(ops.last_error, "HTTP status 404");
}

TEST(DispatchExplain, EachIntegrationHasAStateOfItsOwn) {
  WireConfig config = EveryMinute();
  config.receivers["ops"] = {{"a"}, {"b"}, {"c"}};
  DispatchWorld world(config, WithAnOutbox());
  world.AnswerWith("ops/b", testing::NotFound());
  world.AnswerWith("ops/c", testing::Unavailable());
  world.Fire("A");
  std::vector<std::string> states;
  for (const auto& one : RouteOf(world.Explain(world.Firing(Named("A")))).integrations) {
    states.push_back(one.integration + " " + one.state);
  }
  EXPECT_THAT(states, ElementsAre("ops/a told", "ops/b given_up", "ops/c waiting"));
}

// ---- where it goes

TEST(DispatchExplain, NamesEveryRouteInOrder) {
  WireConfig config = EveryMinute();
  config.settings.route.group_by = {"alertname"};
  config.settings.route.group_wait = 5 * kSecond;
  config.settings.route.repeat_interval = hours(4);
  config::AlertmanagerRoute child = config.settings.route;
  child.receiver = "night";
  child.matchers = Matchers("severity=critical");
  child.group_by = {"severity"};
  child.group_wait = 7 * kSecond;
  child.continue_matching = true;
  config.settings.route.children = {child};
  child.receiver = "day";
  child.matchers = {};
  config.settings.route.children.push_back(child);
  config.receivers["night"] = {{}};
  DispatchWorld world(config, WithAnOutbox());
  const PostedAlert alert = world.Firing({{"alertname", "A"}, {"severity", "critical"}});
  world.Post({alert});
  const Explanation why = world.Explain(alert);
  ASSERT_EQ(why.routes.size(), 2U);
  EXPECT_EQ(why.routes[0].receiver, "night");
  EXPECT_EQ(why.routes[0].route, R"({}/{severity="critical"})");
  EXPECT_EQ(why.routes[0].group_key, R"({}/{severity="critical"}:{severity="critical"})");
  EXPECT_EQ(why.routes[0].group_labels, Labels({{"severity", "critical"}}));
  EXPECT_FALSE(why.routes[0].named_by_rule);
  EXPECT_EQ(why.routes[0].group_wait, 7 * kSecond);
  EXPECT_EQ(why.routes[0].group_interval, kMinute);
  EXPECT_EQ(why.routes[0].repeat_interval, Duration(hours(4)));
  EXPECT_EQ(why.routes[0].next_flush, FiredAt() + 7 * kSecond);
  EXPECT_EQ(why.routes[1].receiver, "day");
  EXPECT_EQ(why.routes[1].route, "{}/{}");
  EXPECT_THAT(why.routes[1].integrations, IsEmpty());  // a place for what nobody wants to hear
  const ExplainedRoute other = RouteOf(world.Explain(world.Firing(Named("Quiet"))));
  EXPECT_EQ(other.receiver, "day");
}

TEST(DispatchExplain, TheNextFlushIsTheNextTick) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  world.Fire("A");
  EXPECT_EQ(RouteOf(world.Explain(world.Firing(Named("A")))).next_flush, FiredAt() + kMinute);
  world.AdvanceTo(61 * kSecond);
  EXPECT_EQ(RouteOf(world.Explain(world.Firing(Named("A")))).next_flush, FiredAt() + 2 * kMinute);
}

// ---- what holds it back

TEST(DispatchExplain, NamesEverySilence) {
  DispatchWorld world(EveryMinute(), WithAnOutbox());
  const std::string first = world.Silence("alertname=A");
  const std::string second = world.Silence("alertname=~A|B");
  world.Silence("alertname=B");
  world.Fire("A");
  const Explanation why = world.Explain(world.Firing(Named("A")));
  EXPECT_THAT(why.silenced_by, ::testing::UnorderedElementsAre(first, second));
  EXPECT_EQ(IntegrationOf(why).state, "untold");
  world.Unsilence(first);
  EXPECT_THAT(world.Explain(world.Firing(Named("A"))).silenced_by, ElementsAre(second));
}

TEST(DispatchExplain, NamesTheSourcesOfAnInhibition) {
  WireConfig config = EveryMinute();
  config::InhibitRule rule;
  rule.source = Matchers("alertname=Source");
  rule.target = Matchers("alertname=A");
  config.settings.inhibit_rules = {rule};
  DispatchWorld world(config, WithAnOutbox());
  world.Fire("Source");
  world.Fire("A");
  const Explanation why = world.Explain(world.Firing(Named("A")));
  EXPECT_THAT(why.inhibited_by, ElementsAre(Named("Source").view().Fingerprint()));
  EXPECT_THAT(world.Explain(world.Firing(Named("Source"))).inhibited_by, IsEmpty());
  world.AdvanceTo(kSecond);
  world.Resolve("Source");
  EXPECT_THAT(world.Explain(world.Firing(Named("A"))).inhibited_by, IsEmpty());
}

TEST(DispatchExplain, NamesTheTimeIntervals) {
  WireConfig config = EveryMinute();
  config.settings.time_intervals = {Interval("now", kTen, kTen + 3),
                                    Interval("evening", 1200, 1440), Interval("night", 0, 300)};
  config.settings.route.mute_time_intervals = {"night", "now"};
  config.settings.route.active_time_intervals = {"evening", "night"};
  DispatchWorld world(config, WithAnOutbox());
  world.Fire("A");
  ExplainedRoute route = RouteOf(world.Explain(world.Firing(Named("A"))));
  EXPECT_THAT(route.muted_by_intervals, ElementsAre("now"));
  EXPECT_THAT(route.outside_of_intervals, ElementsAre("evening", "night"));
  world.AdvanceTo(3 * kMinute);  // asked of the clock, not of the last flush
  route = RouteOf(world.Explain(world.Firing(Named("A"))));
  EXPECT_THAT(route.muted_by_intervals, IsEmpty());
  EXPECT_THAT(route.outside_of_intervals, ElementsAre("evening", "night"));
}

TEST(DispatchExplain, ARouteWithinItsActiveIntervalIsNotOutsideOfAny) {
  WireConfig config = EveryMinute();
  config.settings.time_intervals = {Interval("now", kTen, kTen + 3),
                                    Interval("evening", 1200, 1440)};
  config.settings.route.active_time_intervals = {"evening", "now"};
  DispatchWorld world(config, WithAnOutbox());
  EXPECT_THAT(RouteOf(world.Explain(world.Firing(Named("A")))).outside_of_intervals, IsEmpty());
}

// ---- alerts of our own rules

TEST(DispatchExplain, AReceiverThatARuleNames) {
  NativeWorld world({{"ops"}, {"pager"}});
  auto rule = CpuUsageRule();
  rule->notification_channels = {"pager"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  ExplainedRoute route = RouteOf(world.Explain(alert));
  EXPECT_EQ(route.receiver, "pager");
  EXPECT_EQ(route.route, "{}");
  EXPECT_TRUE(route.named_by_rule);
  EXPECT_EQ(route.group_labels, alert->labels);
  EXPECT_EQ(route.group_wait, Duration(0));
  EXPECT_EQ(route.group_interval, kSecond);
  EXPECT_EQ(route.repeat_interval, kNoRepeat);
  EXPECT_EQ(route.next_flush, std::nullopt);  // when it changes
  EXPECT_EQ(route.integrations.at(0).integration, "pager/wire");
  EXPECT_EQ(route.integrations.at(0).state, "sending");
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(IntegrationOf(world.Explain(alert)).state, "told");
  world.Offer(Resolved(*alert));
  world.Advance(2 * kMinute);
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(IntegrationOf(world.Explain(Resolved(*alert))).state, "told_of_end");
}

TEST(DispatchExplain, ARuleThatNamesNobodyWhoExists) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->notification_channels = {"nobody"};
  const auto alert = FiringAlert(rule, "e1");
  world.Offer(alert);
  EXPECT_THAT(world.Explain(alert).routes, IsEmpty());
}

TEST(DispatchExplain, AnAcknowledgedAlertIsDueAgainForWhoWasTold) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(Outcome::Delivered());
  EXPECT_FALSE(world.Explain(alert).acknowledgement);
  const AlertPtr acknowledged = Acknowledged(*alert);
  world.Offer(acknowledged);
  const Explanation why = world.Explain(acknowledged);
  EXPECT_TRUE(why.acknowledgement);
  EXPECT_EQ(IntegrationOf(why).state, "due_again");
  EXPECT_EQ(IntegrationOf(why).told_at, FiredAt());
}

TEST(DispatchExplain, AnAlertThatMayHaveBeenToldIsDueAgainAfterAFailureForGood) {
  NativeWorld world;
  const auto alert = FiringAlert(CpuUsageRule(), "e1");
  world.Offer(alert);
  world.AnswerAll(testing::TimedOut());
  EXPECT_EQ(IntegrationOf(world.Explain(alert)).state, "waiting");
  const AlertPtr acknowledged = Acknowledged(*alert);
  world.Offer(acknowledged);  // what waits is not sent any more
  EXPECT_EQ(IntegrationOf(world.Explain(acknowledged)).state, "due_again");
}

TEST(DispatchExplain, ACooldownHasItsEndAndTheFlushIsThen) {
  NativeWorld world;
  auto rule = CpuUsageRule();
  rule->cooldown = 5 * kMinute;
  const auto first = FiringAlert(rule, "e1");
  world.Offer(first);
  world.AnswerAll(Outcome::Delivered());
  EXPECT_EQ(world.Explain(first).cooldown_until, std::nullopt);  // it began it
  world.Advance(2 * kMinute);
  world.Offer(Resolved(*first));
  world.AnswerAll(Outcome::Delivered());
  const auto second = FiringAlert(rule, "e2");
  world.Offer(second);
  Explanation why = world.Explain(second);
  EXPECT_EQ(why.cooldown_until, FiredAt() + 5 * kMinute);
  EXPECT_EQ(RouteOf(why).next_flush, FiredAt() + 5 * kMinute);
  EXPECT_EQ(IntegrationOf(why).state, "untold");
  EXPECT_EQ(world.Explain(Resolved(*second)).cooldown_until, std::nullopt);
  world.Advance(3 * kMinute);
  why = world.Explain(second);
  EXPECT_EQ(why.cooldown_until, std::nullopt);
  EXPECT_EQ(IntegrationOf(why).state, "sending");
}

TEST(DispatchExplain, WhatIsHeldBackIsLookedAtAgainASecondLater) {
  NativeWorld world;
  world.Mute("web-1");
  const auto alert = FiringAlert(CpuUsageRule(), "e1", "web-1");
  world.Offer(alert);
  const Explanation why = world.Explain(alert);
  EXPECT_THAT(why.silenced_by, ElementsAre("s1"));
  EXPECT_EQ(RouteOf(why).next_flush, FiredAt() + kSecond);
}

// ---- strict

TEST(DispatchExplain, WorksAtTicksToo) {
  DispatchWorld world(EveryMinute());
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  EXPECT_NE(IntegrationOf(world).state, "told");
  world.Answer(0, Outcome::Delivered(200));
  EXPECT_EQ(IntegrationOf(world).state, "told");
}

}  // namespace
}  // namespace tocsin::receivers
