// Posted alerts that somebody has acknowledged: not told again, told of their end, told again when
// the acknowledgement ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "receivers/alerts/native_alert.h"
#include "tests/unit/receivers/dispatch_world.h"

namespace tocsin::receivers {
namespace {

using ::testing::ElementsAre;
using testing::Named;

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
  DispatchWorld world_{RepeatsEveryTwoMinutes(), WithAnOutbox()};
};

TEST_F(DispatchAcknowledgement, StopsRepeatsAndNotTheEnd) {
  world_.Fire("A");
  world_.Advance(kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(10 * kMinute);
  world_.Resolve("A");
  world_.AdvanceTo(12 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "11m ops/hook: all alerts resolved: -A"));
}

TEST_F(DispatchAcknowledgement, BeforeTheFirstNotificationNobodyIsTold) {
  WireConfig config = RepeatsEveryTwoMinutes();
  config.settings.route.group_wait = 30 * kSecond;
  world_.Reload(config);
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.AdvanceTo(5 * kMinute);
  world_.Resolve("A");
  world_.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre());
}

TEST_F(DispatchAcknowledgement, HoldsBackItsAlertAlone) {
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.Fire("B");
  world_.AdvanceTo(kMinute + kSecond);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "1m ops/hook: first notification: +B"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedWhenItsTimeIsOver) {
  world_.Fire("A");
  world_.Acknowledge("A", {.actor = "anna", .lasts = 150 * kSecond});
  world_.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         // At that moment, not at the next minute.
                                         "2m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedWhenItIsTakenBack) {
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.AdvanceTo(90 * kSecond);
  world_.EndAcknowledgement("A");
  world_.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "1m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhoeverWasToldIsRemindedAlsoIfItWasShorterThanAnInterval) {
  world_.Fire("A");
  world_.AdvanceTo(10 * kSecond);
  world_.Acknowledge("A", {.actor = "anna", .lasts = 20 * kSecond});
  world_.AdvanceTo(kMinute + kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(kMinute + 10 * kSecond);
  world_.EndAcknowledgement("A");
  world_.AdvanceTo(2 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "30s ops/hook: first notification: +A",
                                         "1m10s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, ATimeIntervalInBetweenMakesNobodyForget) {
  WireConfig config = RepeatsEveryTwoMinutes();
  config::TimeIntervalSpec spec;
  spec.times = {{601, 610}};  // the world begins at 10:00:00.123
  config.settings.time_intervals = {{"break", {spec}}};
  config.settings.route.mute_time_intervals = {"break"};
  world_.Reload(config);
  world_.Fire("A");
  world_.AdvanceTo(2 * kMinute);
  world_.Acknowledge("A", {.actor = "anna", .lasts = kMinute});
  world_.AdvanceTo(11 * kMinute);
  world_.Acknowledge("A");
  world_.AdvanceTo(15 * kMinute);
  world_.Resolve("A");
  world_.AdvanceTo(17 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "10m ops/hook: first notification: +A",
                                         "16m ops/hook: all alerts resolved: -A"));
}

TEST_F(DispatchAcknowledgement, WhatArrivesAfterItIsRemindedOfToo) {
  world_.AnswerWith(std::nullopt);
  world_.Fire("A");
  world_.Acknowledge("A", {.actor = "anna", .lasts = 20 * kSecond});
  world_.AdvanceTo(10 * kSecond);
  world_.Answer(0, Outcome::Delivered(200));
  world_.AnswerWith(Outcome::Delivered(200));
  world_.AdvanceTo(kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "20s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, OfARulesAlertInTheTreeIsRemindedOfAtOnceToo) {
  const auto rule = testing::CpuUsageRule();
  rule->notification_channels = {};
  const AlertPtr firing = testing::FiringAlert(rule, "e1");
  world_.Post({MakeNativeAlert(firing, "")});
  world_.AdvanceTo(10 * kSecond);
  world_.Post({MakeNativeAlert(testing::Acknowledged(*firing), "")});
  world_.AdvanceTo(30 * kSecond);
  world_.Post({MakeNativeAlert(firing, "")});
  world_.AdvanceTo(40 * kSecond);
  ASSERT_EQ(world_.attempts.size(), 2U);
  EXPECT_EQ(world_.attempts[1].at, testing::FiredAt() + 30 * kSecond);
}

TEST_F(DispatchAcknowledgement, EndsWithItsEpisode) {
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.Advance(kSecond);
  world_.Resolve("A");
  world_.AdvanceTo(90 * kSecond);
  world_.Fire("A");
  world_.AdvanceTo(3 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A",
                                         "1m ops/hook: all alerts resolved: -A",
                                         "1m30s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, WhereItIsStickyAShortFlapTellsNobodyAnew) {
  world_.Fire("A");
  world_.Acknowledge("A", {.actor = "anna", .survives = kMinute});
  world_.AdvanceTo(10 * kSecond);
  world_.Resolve("A");
  world_.AdvanceTo(50 * kSecond);
  world_.Fire("A");  // the group had nothing to say in between
  world_.AdvanceTo(5 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, SurvivesARestart) {
  world_.Fire("A");
  world_.Acknowledge("A");
  const PostedAlertPtr before = world_.Views().front().alerts.front();
  world_.Restart();
  world_.Post({*before});  // as the store gives it back
  world_.AdvanceTo(10 * kMinute);
  EXPECT_THAT(world_.told(), ElementsAre("0s ops/hook: first notification: +A"));
}

TEST_F(DispatchAcknowledgement, IsExplained) {
  world_.Fire("A");
  world_.Acknowledge("A", {"anna", "on it", 30 * kMinute, kMinute});
  const Explanation why = world_.Explain(*world_.Views().front().alerts.front());
  ASSERT_TRUE(why.acknowledgement);
  EXPECT_EQ(why.acknowledgement->actor, "anna");
  EXPECT_EQ(why.acknowledgement->note, "on it");
  EXPECT_EQ(why.acknowledgement->until, world_.clock.Now() + 30 * kMinute);
  EXPECT_EQ(why.acknowledgement->survives, kMinute);
  EXPECT_FALSE(world_.Explain(world_.Firing(Named("B"))).acknowledgement);
}

// ---- whoever hears of acknowledgements

class DispatchTellsOfAcknowledgement : public DispatchAcknowledgement {
 protected:
  DispatchTellsOfAcknowledgement() { world_.Reload(Hearing()); }
  static WireConfig Hearing() {
    WireConfig config = RepeatsEveryTwoMinutes();
    config.receivers = {{"ops", {{.id = "deaf"}, {.id = "pd", .hears_acknowledgements = true}}}};
    return config;
  }
  // What the one that hears of them was told.
  std::vector<std::string> told() const {
    std::vector<std::string> told = world_.told();
    std::erase_if(told, [](const std::string& one) { return one.find("/pd") == one.npos; });
    return told;
  }
};

TEST_F(DispatchTellsOfAcknowledgement, OnceAndAtOnceAndNobodyElse) {
  world_.Fire("A");
  world_.AdvanceTo(10 * kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(5 * kMinute);
  world_.Acknowledge("A", {.actor = "", .note = "still at it"});
  world_.AdvanceTo(10 * kMinute);
  world_.Resolve("A");
  world_.AdvanceTo(12 * kMinute);
  EXPECT_THAT(
      world_.told(),
      ElementsAre("0s ops/deaf: first notification: +A", "0s ops/pd: first notification: +A",
                  "10s ops/pd: acknowledged: =A by anna", "11m ops/deaf: all alerts resolved: -A",
                  "11m ops/pd: all alerts resolved: -A"));
}

TEST_F(DispatchTellsOfAcknowledgement, ASecondTimeWhereItWasToldInBetween) {
  world_.Fire("A");
  world_.Acknowledge("A", {.actor = "anna", .lasts = 20 * kSecond});
  world_.AdvanceTo(30 * kSecond);
  world_.Acknowledge("A", {.actor = "bob"});
  world_.AdvanceTo(40 * kSecond);
  EXPECT_THAT(
      told(),
      ElementsAre("0s ops/pd: first notification: +A", "0s ops/pd: acknowledged: =A by anna",
                  "20s ops/pd: first notification: +A", "30s ops/pd: acknowledged: =A by bob"));
}

TEST_F(DispatchTellsOfAcknowledgement, EachOfAGroupByItself) {
  world_.Post({world_.Firing(Named("A")), world_.Firing(Named("B"))});
  world_.AdvanceTo(10 * kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(20 * kSecond);
  world_.Acknowledge("B");
  world_.AdvanceTo(30 * kSecond);
  world_.EndAcknowledgement("A");
  world_.AdvanceTo(40 * kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(50 * kSecond);
  EXPECT_THAT(
      told(),
      ElementsAre("0s ops/pd: first notification: +A +B", "10s ops/pd: acknowledged: =A by anna",
                  "20s ops/pd: acknowledged: =B by anna", "30s ops/pd: first notification: +A",
                  "40s ops/pd: acknowledged: =A by anna"));
}

TEST_F(DispatchTellsOfAcknowledgement, NotBeforeTheAlertHasArrived) {
  world_.AnswerWith(std::nullopt);
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.AdvanceTo(10 * kSecond);
  EXPECT_THAT(told(), ElementsAre("0s ops/pd: first notification: +A"));
  world_.Answer(1, Outcome::Delivered(200));
  EXPECT_THAT(told(), ElementsAre("0s ops/pd: first notification: +A",
                                  "10s ops/pd: acknowledged: =A by anna"));
}

TEST_F(DispatchTellsOfAcknowledgement, NotWhereNobodyWasToldOfTheAlert) {
  WireConfig config = Hearing();
  config.settings.route.group_wait = 30 * kSecond;
  world_.Reload(config);
  world_.Fire("A");
  world_.Acknowledge("A");
  world_.AdvanceTo(5 * kMinute);
  EXPECT_THAT(told(), ElementsAre());
}

TEST_F(DispatchTellsOfAcknowledgement, AgainWhereThatFailsAndAsLongAsItIsTrue) {
  world_.Fire("A");
  world_.AnswerWith("ops/pd", testing::Unavailable());
  world_.Acknowledge("A");
  world_.AdvanceTo(5 * kSecond);
  const std::size_t tries = told().size();
  EXPECT_GE(tries, 3U);
  world_.EndAcknowledgement("A");
  world_.AdvanceTo(10 * kMinute);
  for (std::size_t i = tries; i < told().size(); ++i) {
    EXPECT_EQ(told()[i].find("acknowledged"), std::string::npos) << told()[i];
  }
  EXPECT_GT(told().size(), tries);
}

TEST_F(DispatchTellsOfAcknowledgement, NotAfterTheAlertIsOver) {
  world_.Fire("A");
  world_.AnswerWith(std::nullopt);
  world_.Acknowledge("A");
  const std::size_t acknowledgement = world_.attempts.size() - 1;
  world_.AnswerWith(Outcome::Delivered(200));
  world_.AdvanceTo(10 * kSecond);
  world_.Resolve("A");
  world_.AdvanceTo(2 * kMinute);
  world_.Answer(acknowledgement, testing::Unavailable());
  const std::size_t sent = world_.attempts.size();
  world_.AdvanceTo(10 * kMinute);
  EXPECT_EQ(world_.attempts.size(), sent);
  EXPECT_EQ(world_.outbox().pending, 0U);
}

TEST_F(DispatchTellsOfAcknowledgement, WithoutMakingItARepeat) {
  world_.Post({world_.Firing(Named("A")), world_.Firing(Named("B"))});
  world_.AdvanceTo(110 * kSecond);
  world_.Acknowledge("A");
  world_.AdvanceTo(3 * kMinute);
  EXPECT_THAT(told(), ElementsAre("0s ops/pd: first notification: +A +B",
                                  "1m50s ops/pd: acknowledged: =A by anna",
                                  "3m ops/pd: repeat interval elapsed: +B"));
}

TEST_F(DispatchTellsOfAcknowledgement, OnceAlsoIfThisProcessIsKilled) {
  world_.Fire("A");
  world_.AnswerWith("ops/pd", testing::Unavailable());
  world_.Acknowledge("A", {.actor = "anna", .note = "on it"});
  const PostedAlertPtr before = world_.Views().front().alerts.front();
  const std::size_t tries = told().size();
  world_.AnswerWith("ops/pd", Outcome::Delivered(200));
  for (int restart = 0; restart < 2; ++restart) {
    world_.Restart();
    world_.Post({*before});  // as the store gives it back
    world_.AdvanceTo((restart + 1) * 5 * kMinute);
  }
  ASSERT_EQ(told().size(), tries + 1);
  EXPECT_EQ(world_.attempts.back().notification.reason, NotificationReason::kAcknowledged);
  EXPECT_EQ(world_.attempts.back().notification.alerts.at(0).acknowledged->note, "on it");
}

TEST_F(DispatchTellsOfAcknowledgement, OfARulesAlertWithItsWords) {
  const auto rule = testing::CpuUsageRule();
  rule->notification_channels = {};
  const AlertPtr firing = testing::FiringAlert(rule, "e1");
  world_.Post({MakeNativeAlert(firing, "")});
  world_.AdvanceTo(10 * kSecond);
  auto acknowledged = std::make_shared<Alert>(*testing::Acknowledged(*firing));
  acknowledged->acknowledge_note = "on it";
  world_.Post({MakeNativeAlert(acknowledged, "")});
  ASSERT_EQ(told().size(), 2U);
  const FrozenAlert& told_of = world_.attempts.back().notification.alerts.at(0);
  EXPECT_EQ(told_of.acknowledged->actor, "anna");
  EXPECT_EQ(told_of.acknowledged->note, "on it");
  EXPECT_EQ(told_of.alert->native->state, AlertState::kAcknowledged);
}

}  // namespace
}  // namespace tocsin::receivers
