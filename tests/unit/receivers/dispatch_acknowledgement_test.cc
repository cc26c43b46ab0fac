// Posted alerts that somebody has acknowledged: not told again, told of their end, told again when
// the acknowledgement ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using testing::Named;

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kMinute = std::chrono::minutes(1);

WireConfig RepeatsEveryTwoMinutes() {
  WireConfig config;
  config.settings.route.group_interval = kMinute;
  config.settings.route.repeat_interval = 2 * kMinute;
  return config;
}

class DispatchAcknowledgement : public ::testing::Test {
 protected:
  static DispatchWorldOptions WithAnOutbox() {
    DispatchWorldOptions options;
    options.durable = true;
    return options;
  }
  DispatchWorld world{RepeatsEveryTwoMinutes(), WithAnOutbox()};
};

TEST_F(DispatchAcknowledgement, StopsRepeatsAndNotTheEnd) {
  world.Fire("A");
  world.Advance(kSecond);
  world.Acknowledge("A");
  world.AdvanceTo(10 * kMinute);
  world.Resolve("A");
  world.AdvanceTo(12 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "11m ops/hook: all alerts resolved: -A"));
}

TEST_F(DispatchAcknowledgement, BeforeTheFirstNotificationNobodyIsTold) {
  WireConfig config = RepeatsEveryTwoMinutes();
  config.settings.route.group_wait = 30 * kSecond;
  world.Reload(config);
  world.Fire("A");
  world.Acknowledge("A");
  world.AdvanceTo(5 * kMinute);
  world.Resolve("A");
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre());
}

TEST_F(DispatchAcknowledgement, HoldsBackItsAlertAlone) {
  world.Fire("A");
  world.Acknowledge("A");
  world.Fire("B");
  world.AdvanceTo(kMinute + kSecond);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m ops/hook: first notification: +B"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedWhenItsTimeIsOver) {
  world.Fire("A");
  world.Acknowledge("A", {.actor = "anna", .lasts = 150 * kSecond});
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        // At that moment, not at the next minute.
                                        "2m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedWhenItIsTakenBack) {
  world.Fire("A");
  world.Acknowledge("A");
  world.AdvanceTo(90 * kSecond);
  world.EndAcknowledgement("A");
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedAlsoIfItWasShorterThanAnInterval) {
  world.Fire("A");
  world.AdvanceTo(10 * kSecond);
  world.Acknowledge("A", {.actor = "anna", .lasts = 20 * kSecond});
  world.AdvanceTo(kMinute + kSecond);
  world.Acknowledge("A");
  world.AdvanceTo(kMinute + 10 * kSecond);
  world.EndAcknowledgement("A");
  world.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "30s ops/hook: first notification: +A",
                                        "1m10s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, ATimeIntervalInBetweenMakesNobodyForget) {
  WireConfig config = RepeatsEveryTwoMinutes();
  config::TimeIntervalSpec spec;
  spec.times = {{601, 610}};  // the world begins at 10:00:00.123
  config.settings.time_intervals = {{"break", {spec}}};
  config.settings.route.mute_time_intervals = {"break"};
  world.Reload(config);
  world.Fire("A");
  world.AdvanceTo(2 * kMinute);
  world.Acknowledge("A", {.actor = "anna", .lasts = kMinute});
  world.AdvanceTo(11 * kMinute);
  world.Acknowledge("A");
  world.AdvanceTo(15 * kMinute);
  world.Resolve("A");
  world.AdvanceTo(17 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "10m ops/hook: first notification: +A",
                                        "16m ops/hook: all alerts resolved: -A"));
}

TEST_F(DispatchAcknowledgement, WhatArrivesAfterItIsRemindedOfToo) {
  world.AnswerWith(std::nullopt);
  world.Fire("A");
  world.Acknowledge("A", {.actor = "anna", .lasts = 20 * kSecond});
  world.AdvanceTo(10 * kSecond);
  world.Answer(0, Outcome::Delivered(200));
  world.AnswerWith(Outcome::Delivered(200));
  world.AdvanceTo(kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "20s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, EndsWithItsEpisode) {
  world.Fire("A");
  world.Acknowledge("A");
  world.Advance(kSecond);
  world.Resolve("A");
  world.AdvanceTo(90 * kSecond);
  world.Fire("A");
  world.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A",
                                        "1m ops/hook: all alerts resolved: -A",
                                        "1m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhereItIsStickyAShortFlapTellsNobodyAnew) {
  world.Fire("A");
  world.Acknowledge("A", {.actor = "anna", .survives = kMinute});
  world.AdvanceTo(10 * kSecond);
  world.Resolve("A");
  world.AdvanceTo(50 * kSecond);
  world.Fire("A");  // the group had nothing to say in between
  world.AdvanceTo(5 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, SurvivesARestart) {
  world.Fire("A");
  world.Acknowledge("A");
  const PostedAlertPtr before = world.Views().front().alerts.front();
  world.Restart();
  world.Post({*before});  // as the store gives it back
  world.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, IsExplained) {
  world.Fire("A");
  world.Acknowledge("A", {"anna", "on it", 30 * kMinute, kMinute});
  const Explanation why = world.Explain(*world.Views().front().alerts.front());
  ASSERT_TRUE(why.acknowledgement);
  EXPECT_EQ(why.acknowledgement->actor, "anna");
  EXPECT_EQ(why.acknowledgement->note, "on it");
  EXPECT_EQ(why.acknowledgement->until, world.clock.Now() + 30 * kMinute);
  EXPECT_EQ(why.acknowledgement->survives, kMinute);
  EXPECT_FALSE(world.Explain(world.Firing(Named("B"))).acknowledgement);
}

}  // namespace
}  // namespace tocsin::receivers
