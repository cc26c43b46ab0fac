// What a new configuration does to groups, timers and messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;

WireConfig Waits(Duration group_wait = 30 * kSecond) {
  WireConfig config;
  config.settings.route.group_wait = group_wait;
  config.settings.route.group_interval = kMinute;
  return config;
}

TEST(DispatchReload, RestartsTheWaitOfYoungAlerts) {
  DispatchWorld world(Waits());
  world.Fire("A");
  world.AdvanceTo(20 * kSecond);
  world.Reload(Waits());
  world.AdvanceTo(49 * kSecond);
  EXPECT_THAT(world.told(), IsEmpty());
  world.AdvanceTo(50 * kSecond);
  EXPECT_THAT(world.told(), ElementsAre("50s ops/hook: first notification: +A"));
}

TEST(DispatchReload, FlushesOldAlertsAtOnceAndSaysNothingTwice) {
  DispatchWorld world(Waits());
  world.Fire("A");
  world.AdvanceTo(40 * kSecond);
  world.Reload(Waits());
  world.AdvanceTo(45 * kSecond);
  EXPECT_EQ(world.told().size(), 1U);
  // It was flushed at 40 s: the period counts from there.
  world.Fire("B");
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("30s ops/hook: first notification: +A",
                                        "1m40s ops/hook: new alerts added: +A +B"));
}

TEST(DispatchReload, TellsAgainWhereReceiverGroupKeyOrIntegrationChange) {
  WireConfig renamed = Waits();
  renamed.settings.route.receiver = "night";
  renamed.receivers = {{"night", {{}}}};
  WireConfig regrouped = Waits();
  regrouped.settings.route.group_by = {"alertname"};
  WireConfig moved = Waits();
  moved.receivers = {{"ops", {{"hook2"}}}};
  for (const auto& [config, integration] :
       {std::pair(renamed, "night/hook"), std::pair(regrouped, "ops/hook"),
        std::pair(moved, "ops/hook2")}) {
    DispatchWorld world(Waits());
    world.Fire("A");
    world.AdvanceTo(40 * kSecond);
    world.Reload(config);
    EXPECT_THAT(world.told(),
                ElementsAre("30s ops/hook: first notification: +A",
                            std::string("40s ") + integration + ": first notification: +A"));
  }
}

TEST(DispatchReload, RoutesEveryStoredAlertAnew) {
  DispatchWorld world(Waits(Duration(0)));
  world.Post({world.Firing(Named("A")), world.Firing(Named("B"))});
  EXPECT_EQ(world.Views().size(), 1U);
  WireConfig split = Waits(Duration(0));
  split.settings.route.group_by = {"alertname"};
  world.Reload(split);
  EXPECT_EQ(world.Views().size(), 2U);
  EXPECT_EQ(world.Metric("dispatcher_aggregation_groups"), 2);
}

TEST(DispatchReload, KeepsInhibition) {
  config::InhibitRule rule;
  rule.source = Matchers("alertname=Source");
  rule.target = Matchers("alertname=Target");
  WireConfig config = Waits(Duration(0));
  config.settings.inhibit_rules = {rule};
  config.settings.route.group_by = {"alertname"};
  DispatchWorld world(config);
  world.Post({world.Firing(Named("Source")), world.Firing(Named("Target"))});
  world.AdvanceTo(kSecond);
  world.Reload(config);
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +Source"));
  config.settings.inhibit_rules.clear();
  world.Reload(config);
  EXPECT_EQ(world.told().back(), "3m ops/hook: first notification: +Target");
}

TEST(DispatchReload, EndsRetriesAndBeginsAnew) {
  DispatchWorld world(Waits(Duration(0)));
  world.AnswerWith(testing::Unavailable());
  world.Fire("A");
  world.AdvanceTo(Duration(600));  // two attempts; the third would be at 1250 ms
  ASSERT_EQ(world.attempts.size(), 2U);
  WireConfig renamed = Waits(Duration(0));
  renamed.settings.route.receiver = "night";
  renamed.receivers = {{"night", {{}}}};
  world.AnswerWith(Outcome::Delivered(200));
  world.Reload(renamed);
  world.AdvanceTo(kMinute);
  ASSERT_EQ(world.attempts.size(), 3U);
  EXPECT_EQ(world.attempts[2].integration, "night/hook");
  EXPECT_EQ(world.attempts[2].at, testing::FiredAt() + Duration(600));
}

TEST(DispatchReload, AnAttemptUnderWayThatFailsIsNotTriedAgain) {
  DispatchWorld world(Waits(Duration(0)));
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  WireConfig renamed = Waits(Duration(0));
  renamed.settings.route.receiver = "night";
  renamed.receivers = {{"night", {{}}}};
  world.AnswerWith(Outcome::Delivered(200));
  world.AdvanceTo(kSecond);
  world.Reload(renamed);
  world.Answer(0, testing::Unavailable());
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1s night/hook: first notification: +A"));
}

TEST(DispatchReload, CancelsWhatIsUnderWay) {
  WireConfig config = Waits(Duration(0));
  config.receivers = {{"ops", {{"slow"}, {"quick"}}}};
  DispatchWorld world(config);
  world.AnswerWith(std::nullopt);
  world.AnswerWith("ops/quick", Outcome::Delivered(200));
  world.Fire("A");
  world.Fire("B");
  world.Reload(config);
  EXPECT_THAT(world.cancelled, ElementsAre("ops/slow"));
}

TEST(DispatchReload, WithAnOutboxWhatIsUnderWayGoesOn) {
  DispatchWorldOptions options;
  options.durable = true;
  DispatchWorld world(Waits(Duration(0)), options);
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.Reload(Waits(Duration(0)));
  EXPECT_EQ(world.attempts.size(), 1U);
  EXPECT_THAT(world.cancelled, ElementsAre());
}

TEST(DispatchReload, WhatArrivesFromAnAttemptUnderWayIsNotToldAgain) {
  DispatchWorld world(Waits(30 * kSecond));
  world.AnswerWith(std::nullopt);
  PostedAlert old = world.Firing(Named("A"));
  old.starts_at -= 31 * kSecond;
  world.Post({old});
  ASSERT_EQ(world.attempts.size(), 1U);
  world.AdvanceTo(kSecond);
  WireConfig patient = Waits(kMinute);
  world.Reload(patient);  // flushes at a minute and a second
  world.AdvanceTo(2 * kSecond);
  world.Answer(0, Outcome::Delivered(200));
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST(DispatchReload, ResolvedAlertsOfAGroupThatIsGoneAreToldByTheNewOne) {
  DispatchWorld world(Waits(Duration(0)));
  world.Fire("A");
  world.AdvanceTo(kSecond);
  world.Resolve("A");
  world.Reload(Waits(Duration(0)));
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1s ops/hook: all alerts resolved: -A"));
  EXPECT_THAT(world.Views(), IsEmpty());
}

TEST(DispatchReload, ManyReloadsInARowLeaveOneTimerForAGroup) {
  DispatchWorld world(Waits());
  world.Fire("A");
  for (int i = 0; i < 100; ++i) world.Reload(Waits());
  world.AdvanceTo(30 * kSecond);
  EXPECT_EQ(world.told().size(), 1U);
  world.Fire("B");
  world.AdvanceTo(2 * kMinute);
  EXPECT_EQ(world.told().size(), 2U);
}

}  // namespace
}  // namespace tocsin::receivers
